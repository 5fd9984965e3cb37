"""The outbox of emails and its delivery; neither exists without a mail server."""

from dataclasses import dataclass

from app.clock import Clock
from app.colors import text_color_on
from app.database.database import Database
from app.i18n.mail_templates import load_mail_templates
from app.outbound.email import EmailSender
from app.outbound.names import HostNames
from app.repositories.operations.mails import MailRepository
from app.security.encryption import SealError
from app.security.purposes import Purpose
from app.security.sealed_settings import open_setting
from app.services.operations.mail import MailDelivery, Outbox
from app.services.operations.mail_queue import MailQueue
from app.services.operations.mail_test import MailTest
from app.settings import Settings
from app.startup_errors import StartupError
from app.wiring.secret_boxes import box_for, settings_box


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    outbox: Outbox | None
    delivery: MailDelivery | None
    queue: MailQueue
    test: MailTest


def build_mail(
    settings: Settings, clock: Clock, *, database: Database, host_names: HostNames
) -> Mail:
    mail_repository = MailRepository(database)
    box = box_for(settings, Purpose.MAILS)
    queue = MailQueue(mail_repository, box)
    sender = _sender(settings, host_names) if settings.has_mail else None
    test = MailTest(
        sender=sender, clock=clock, brand=settings.brand_name, issuer=settings.issuer_url
    )
    if sender is None:
        return Mail(outbox=None, delivery=None, queue=queue, test=test)
    outbox = Outbox(
        mail_repository=mail_repository,
        box=box,
        clock=clock,
        templates=load_mail_templates(settings.mail_templates_dir),
        common_values=_common_values(settings),
    )
    delivery = MailDelivery(
        mail_repository=mail_repository,
        box=box,
        sender=sender,
        clock=clock,
        filled=outbox.filled,
    )
    return Mail(outbox=outbox, delivery=delivery, queue=queue, test=test)


def _common_values(settings: Settings) -> dict[str, str]:
    """Return what every mail may show; a logo that is not set is empty."""
    assets = f"{settings.issuer_url}/assets"
    return {
        "brand": settings.brand_name,
        "brand_color": settings.brand_color,
        "brand_text_color": text_color_on(settings.brand_color),
        "issuer": settings.issuer_url,
        "logo_url": f"{assets}/logo" if settings.brand_logo else "",
        "logo_dark_url": f"{assets}/logo-dark" if settings.brand_logo_dark else "",
    }


def _sender(settings: Settings, host_names: HostNames) -> EmailSender:
    """Return the mail sender; raise `StartupError` if its password was sealed under another key."""
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    try:
        if password is not None:
            password = open_setting(settings_box(settings), password)
    except SealError as error:
        raise StartupError(
            f"SMTP_PASSWORD cannot be opened with SECRET_KEY ({error}): seal it again with"
            " postern keys seal"
        ) from None
    return EmailSender(
        host=settings.smtp_host or "",
        port=settings.smtp_port,
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=password,
        mail_from=settings.mail_from or "",
        ca_file=settings.outbound_ca_file,
        host_names=host_names,
    )
