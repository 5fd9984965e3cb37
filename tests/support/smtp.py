"""A real mail server on this machine that keeps what it is given."""

import asyncio
import email
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.application import Application
from tests.support.parts import services_of
from tests.support.waiting import eventually

HOST = "127.0.0.1"
USERNAME, PASSWORD = "postern", "a-password-of-the-mail-server"
LINK = re.compile(r"https?://\S+token=\S+")


class _Connection(SMTP):
    """Says when it begins and when it ends."""

    connections: set[SMTP]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.connections.discard(self)


class _Listener(Controller):
    connections: set[SMTP]

    def factory(self) -> SMTP:
        made = _Connection(self.handler, **self.SMTP_kwargs)
        made.connections = self.connections
        return made


class MailServer:
    """Keeps mails in their order; `answer` is what it says to the next ones."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answer = "250 OK"
        self.refused = 0
        self.was_encrypted: list[bool] = []
        self.authenticated_as: list[str] = []
        self.port = 0
        self._options: dict[str, Any] = {}
        self.connections: set[SMTP] = set()
        self._controller: _Listener | None = None

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = email.message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.mails.append(message)
            self.recipients.extend(envelope.rcpt_tos)
            self.was_encrypted.append(session.ssl is not None)
        else:
            self.refused += 1
        return self.answer

    def authenticate(self, _: SMTP, __: Any, ___: Any, mechanism: str, data: Any) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and data == LoginPassword(
            USERNAME.encode(), PASSWORD.encode()
        )
        if is_right:
            self.authenticated_as.append(data.login.decode())
        return AuthResult(success=is_right, handled=False)

    async def start(self, **options: Any) -> None:
        """Listens, on the port that it had before where it was stopped."""
        self._options = options or self._options
        self.port = self.port or free_port()
        self._controller = _Listener(self, hostname=HOST, port=self.port, **self._options)
        self._controller.connections = self.connections
        await asyncio.to_thread(self._controller.start)

    async def stop(self) -> None:
        """Once nobody is in the middle of a mail."""
        if self._controller is not None:
            ended = asyncio.run_coroutine_threadsafe(
                _end(self._controller.server), self._controller.loop
            )
            await asyncio.wrap_future(ended)
        await eventually(lambda: not self.connections)
        if self._controller is not None:
            await asyncio.to_thread(self._controller.stop)
            self._controller = None

    @property
    def settings(self) -> dict[str, Any]:
        """What an application has to be told to send by it."""
        return {
            "smtp_host": HOST,
            "smtp_port": self.port,
            "smtp_security": "none",
            "mail_from": "Postern <login@postern.test>",
        }

    def to(self, address: str) -> list[EmailMessage]:
        return [each for each in self.mails if str(each["To"]) == address]

    async def mail_to(self, address: str, *, number: int = 1) -> EmailMessage:
        """Waits for so many mails to an address, and gives the last one."""
        await eventually(lambda: len(self.to(address)) >= number)
        return self.to(address)[number - 1]

    async def wait_for(self, subject: str) -> EmailMessage:
        """Waits for the first mail with this subject."""
        await eventually(lambda: any(each["Subject"] == subject for each in self.mails))
        return next(each for each in self.mails if each["Subject"] == subject)


async def _end(server: asyncio.AbstractServer | None) -> None:
    """Accept nobody from now on, let in who has come just before, and close.

    A server that is closed while it accepts leaves an open connection behind.
    """
    assert isinstance(server, asyncio.Server)
    for listening in server.sockets:
        asyncio.get_running_loop().remove_reader(listening.fileno())
    for _ in range(5):
        await asyncio.sleep(0)
    server.close()


def free_port() -> int:
    import socket

    with socket.socket() as made:
        made.bind((HOST, 0))
        port: int = made.getsockname()[1]
        return port


@asynccontextmanager
async def running_mail_server(
    context: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[MailServer]:
    """With a context it wants STARTTLS, and a name and a password after it."""
    server = MailServer()
    if context is not None:
        options = {
            "tls_context": context,
            "require_starttls": True,
            "authenticator": server.authenticate,
            "auth_required": True,
            **options,
        }
    await server.start(**options)
    try:
        yield server
    finally:
        await server.stop()


def text_of(mail: EmailMessage) -> str:
    return body_of(mail, "plain")


def html_of(mail: EmailMessage) -> str:
    return body_of(mail, "html")


def body_of(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content


def link_in(mail: EmailMessage) -> str:
    """The address in a mail, as its reader opens it here: path and query."""
    found = LINK.search(text_of(mail))
    assert found is not None, text_of(mail)
    assert found.group() in html_of(mail)
    parts = urlsplit(found.group())
    return f"{parts.path}?{parts.query}"


def token_in(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


async def deliver(app: Application, *, after: float = 0) -> int:
    """What the background task does when it looks; gives how many mails left."""
    app.clock.advance(seconds=after)
    delivery = services_of(app).mail_delivery
    assert delivery is not None
    return await delivery.run_once()
