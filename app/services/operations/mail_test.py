"""A test mail, which is sent at once and not queued."""

from app.clock import Clock
from app.details import Detail
from app.errors import ConflictError, MailNotSentError
from app.i18n.rendering import render_mail
from app.outbound.email import Email, EmailError, EmailSender
from app.security.tokens import new_identifier

NAME = "test"
CAUSES = {
    "gaierror": "SMTP_HOST is unknown.",
    "ConnectionRefusedError": "Nothing listens on SMTP_PORT of SMTP_HOST.",
    "TimeoutError": "The mail server does not respond. Check SMTP_HOST, SMTP_PORT and firewalls.",
    "SSLCertVerificationError": "The certificate of SMTP_HOST is not trusted."
    " Add its authority by OUTBOUND_CA_FILE.",
    "SMTPAuthenticationError": "Check SMTP_USERNAME and SMTP_PASSWORD.",
    "SMTPConnectTimeoutError": "Check SMTP_PORT and SMTP_SECURITY.",
    "SMTPSenderRefused": "The mail server does not accept MAIL_FROM as the sender.",
    "SMTPServerDisconnected": "Check SMTP_SECURITY: the server may expect tls or none.",
    "SMTPException": "Check SMTP_SECURITY: the server may not support it.",
}
"""Hints by the kind of failure."""


class MailTest:
    """Test mails. Without a `sender` there is no mail server."""

    def __init__(
        self, *, sender: EmailSender | None, clock: Clock, brand: str, issuer: str
    ) -> None:
        self._sender = sender
        self._clock = clock
        self._values = {"brand": brand, "issuer": issuer}

    async def send(self, recipient: str, *, language: str) -> None:
        """Send a test mail; raise `MailNotSentError` with what failed."""
        if self._sender is None:
            raise ConflictError(Detail.EMAIL_OFF)
        rendered = render_mail(NAME, language, self._values)
        mail = Email(
            mail_id=new_identifier(),
            recipient=recipient,
            **rendered._asdict(),
            language=language,
            made_at=self._clock.now(),
        )
        try:
            await self._sender.send(mail)
        except EmailError as error:
            raise MailNotSentError(_explained(str(error))) from None


def _explained(failure: str) -> str:
    """Return a failure, such as `SMTPAuthenticationError 535`, with what to check."""
    hint = CAUSES.get(failure.partition(" ")[0], "")
    return f"The mail was not sent ({failure}). {hint}".strip()
