"""The mail server."""

from email.utils import parseaddr
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from app.settings.groups.base import ReadableDirectory, SettingsGroup


class MailSettings(SettingsGroup):
    """How mails are sent; unset, there are none."""

    title: ClassVar[str] = "Mail"
    introduction: ClassVar[str] = (
        "Set `SMTP_HOST` and `MAIL_FROM` to enable email address verification, notifications and"
        ' "Forgot your password?". Without them these are disabled, and the server says so at'
        " startup."
    )

    smtp_host: str | None = Field(
        None,
        description="The mail server. Set it together with `MAIL_FROM`.",
        examples=["smtp.example.com"],
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="The port of the mail server.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="How the connection is encrypted: `starttls`, `tls` (from the first"
        " byte, usually port 465) or `none`.",
    )
    smtp_username: str | None = Field(
        None,
        description="The user at the mail server. Set it together with `SMTP_PASSWORD`.",
        examples=["postern"],
    )
    smtp_password: SecretStr | None = Field(
        None,
        description="The password at the mail server. Set it together with `SMTP_USERNAME`. It may"
        " be sealed under `SECRET_KEY`.",
        examples=["the output of `postern keys seal`"],
    )
    mail_from: str | None = Field(
        None,
        description="The sender's address. Set it together with `SMTP_HOST`.",
        examples=["Postern <login@example.com>"],
    )

    mail_templates_dir: ReadableDirectory | None = Field(
        None,
        description="A directory with your own texts of mails, checked at startup. See"
        " [Brand and mail](brand-and-mail.md#your-own-texts-of-mails).",
        examples=["/etc/postern/mails"],
    )

    @field_validator("mail_from")
    @classmethod
    def _mailbox(cls, value: str | None) -> str | None:
        address = parseaddr(value)[1] if value is not None else ""
        if value is not None and not (value.isprintable() and "@" in address[1:-1]):
            raise ValueError("must be an email address such as Postern <login@example.com>")
        return value

    @property
    def has_mail(self) -> bool:
        return self.smtp_host is not None
