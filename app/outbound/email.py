"""Delivery of one email to the mail server (RFC 5321), with verified TLS and a time limit."""

import asyncio
import contextlib
import socket
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Literal

from app.concurrency.late_imports import imported
from app.outbound.names import HostNames
from app.security.mailboxes import with_ascii_host

TIMEOUT = 10.0
TIMEOUT_OVER_ALL = 30.0
NOT_IN_AN_ADDRESS = frozenset('@<>(),;:"\\ ')
FINAL = 500
"""Status codes from here on are permanent failures (RFC 5321 section 4.2.1)."""


class EmailError(Exception):
    """The email was not sent; the message is for the log and contains no address.

    `is_final` if every further attempt would fail, too.
    """

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


@dataclass(frozen=True, slots=True)
class Email:
    """`mail_id` is the same in every attempt, so that a mailbox can recognise duplicates."""

    mail_id: str
    recipient: str
    subject: str
    text: str
    html: str
    language: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSender:
    """`ca_file` contains an authority to trust for the server besides those of the system."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str | None
    password: str | None
    mail_from: str
    ca_file: Path | None = None
    host_names: HostNames = field(default_factory=HostNames)

    async def send(self, mail: Email) -> None:
        """Send an email; raises `EmailError`."""
        await imported("aiosmtplib", "email.headerregistry", "email.policy")
        import aiosmtplib

        try:
            message = _message(mail, self.mail_from)
        except (ValueError, UnicodeError, IndexError):
            raise EmailError("the recipient's address is invalid", is_final=True) from None
        try:
            tls_context = await asyncio.to_thread(self._tls_context)
            client = aiosmtplib.SMTP(
                hostname=self.host,  # must be in the certificate
                port=None,
                sock=await self._connection(),
                local_hostname=_own_name(),
                username=self.username,
                password=self.password,
                use_tls=self.security == "tls",
                start_tls=self.security == "starttls",
                tls_context=tls_context,
                timeout=TIMEOUT,
            )
            try:
                async with asyncio.timeout(TIMEOUT_OVER_ALL):
                    await client.connect()
                    await client.send_message(message)
                with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                    await client.quit()  # the server has accepted the email already
            finally:
                client.close()  # also if cancelled
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            raise EmailError(
                f"the recipient was refused: {codes}", is_final=min(codes, default=0) >= FINAL
            ) from None
        except aiosmtplib.SMTPResponseException as error:
            raise EmailError(f"{type(error).__name__} {error.code}") from None
        except (aiosmtplib.SMTPException, OSError) as error:  # includes time-outs
            raise EmailError(type(error).__name__) from None

    async def _connection(self) -> socket.socket:
        """Connect without aiosmtplib, which would resolve the host in a shared thread pool."""
        async with asyncio.timeout(TIMEOUT):
            return await self.host_names.connect(self.host, self.port)

    def _tls_context(self) -> ssl.SSLContext | None:
        """Create the context; blocking, because it reads the system's certificate authorities."""
        if self.security == "none":
            return None
        context = ssl.create_default_context()
        if self.ca_file is not None:
            context.load_verify_locations(cafile=str(self.ca_file))
        return context


def _own_name() -> str:
    """Return the name for EHLO (RFC 5321 section 4.1.1.1), without a DNS lookup."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _message(mail: Email, mail_from: str) -> EmailMessage:
    """Build the message, as text and HTML. Raises `ValueError` on header injection."""
    from email.headerregistry import Address
    from email.policy import SMTP

    name, sender = parseaddr(mail_from)
    _, _, domain = sender.rpartition("@")
    local_part, _, host = mail.recipient.rpartition("@")
    if any(char in NOT_IN_AN_ADDRESS for char in local_part):
        raise ValueError("more than one address")
    if not host.isascii():  # stored before hosts were converted on input
        _, _, host = with_ascii_host(mail.recipient).rpartition("@")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=name, addr_spec=sender)
    message["To"] = Address(username=local_part, domain=host)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.made_at)
    message["Message-ID"] = f"<{mail.mail_id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    message["Content-Language"] = mail.language
    return message
