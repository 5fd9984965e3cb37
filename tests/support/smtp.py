"""A real mail server on this machine that stores the emails it receives."""

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
from tests.support.background import pass_ended
from tests.support.parts import services_of
from tests.support.ports import free_port
from tests.support.waiting import eventually

HOST = "127.0.0.1"
USERNAME, PASSWORD = "postern", "a-password-of-the-mail-server"
LINK = re.compile(r"https?://\S+token=\S+")


class _Connection(SMTP):
    """A connection that is registered while it is open."""

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
        connection = _Connection(self.handler, **self.SMTP_kwargs)
        connection.connections = self.connections
        return connection


class MailServer:
    """A mail server that stores emails in order; `answer` is its response to the next ones."""

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
        """Listen, on the same port as before if the server was stopped."""
        self._options = options or self._options
        self.port = self.port or free_port()
        self._controller = _Listener(self, hostname=HOST, port=self.port, **self._options)
        self._controller.connections = self.connections
        await asyncio.to_thread(self._controller.start)

    async def stop(self) -> None:
        """Stop, once no email is being received."""
        if self._controller is not None:
            end_future = asyncio.run_coroutine_threadsafe(
                _end(self._controller.server), self._controller.loop
            )
            await asyncio.wrap_future(end_future)
        await eventually(lambda: not self.connections)
        if self._controller is not None:
            await asyncio.to_thread(self._controller.stop)
            self._controller = None

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings by which an application sends through this server."""
        return {
            "smtp_host": HOST,
            "smtp_port": self.port,
            "smtp_security": "none",
            "mail_from": "Postern <login@postern.test>",
        }

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if str(mail["To"]) == address]

    async def mail_to(self, address: str, *, number: int = 1) -> EmailMessage:
        """Wait for this many emails to an address, and return the last one."""
        await eventually(lambda: len(self.to(address)) >= number)
        return self.to(address)[number - 1]

    async def wait_for(self, subject: str) -> EmailMessage:
        """Wait for the first email with this subject, apart from the brand."""
        await eventually(lambda: any(subject_of(mail) == subject for mail in self.mails))
        return next(mail for mail in self.mails if subject_of(mail) == subject)


def subject_of(mail: EmailMessage) -> str:
    """Return the subject without the brand."""
    return str(mail["Subject"]).removeprefix("Postern: ")


async def _end(server: asyncio.AbstractServer | None) -> None:
    """Stop accepting, let connections that have just arrived in, and close.

    A server that is closed while it accepts a connection leaves it open.
    """
    assert isinstance(server, asyncio.Server)
    for listener in server.sockets:
        asyncio.get_running_loop().remove_reader(listener.fileno())
    for _ in range(5):
        await asyncio.sleep(0)
    server.close()


@asynccontextmanager
async def running_mail_server(
    context: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[MailServer]:
    """Run a mail server; with a TLS context it requires STARTTLS and authentication."""
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
    """Return path and query of the link in an email."""
    match = LINK.search(text_of(mail))
    assert match is not None, text_of(mail)
    assert match.group() in html_of(mail)
    parts = urlsplit(match.group())
    return f"{parts.path}?{parts.query}"


def token_in(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


async def deliver(app: Application, *, after: float = 0) -> int:
    """Run the delivery task once, some seconds later; return the number of emails sent."""
    delivery = services_of(app).core.mail_delivery
    assert delivery is not None
    await pass_ended(delivery)
    app.clock.advance(seconds=after)
    return await delivery.run_once()
