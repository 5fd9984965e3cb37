"""Parts that are built from the settings alone."""

from collections.abc import Sequence
from datetime import timedelta

from app.clock import Clock
from app.database.backends import Backend
from app.database.database import Database
from app.database.postgresql import Pooler
from app.database.postgresql_backend import PostgresBackend
from app.database.sqlite_backend import SqliteBackend
from app.errors import StartupError
from app.oauth.issuer import Lifetimes
from app.outbound.email import EmailSender
from app.outbound.names import HostNames
from app.repositories.operations import sealed_values
from app.repositories.operations.key_checks import KeyCheckRepository
from app.repositories.operations.mails import MailRepository
from app.repositories.operations.sealed_values import SealedValueRepository
from app.security.encryption import SealError, SecretBox
from app.security.passwords import PasswordScheme
from app.security.sealed_settings import open_setting
from app.services.operations.bounded_threads import BoundedThreads
from app.services.operations.limit_policy import Rules
from app.services.operations.mail import Outbox
from app.services.operations.secret_key_check import ListedKey, SecretKeyCheck
from app.settings import Settings, sqlite_path

# Part of the key derivation: with another label, stored values could not be opened.
OTP_SECRETS = "otp secrets"
SIGNING_KEYS = "signing keys"
PASSKEY_CHALLENGES = "passkey challenges"
MAIL_CODES = "mail codes"
MAILS = "mails"
UPSTREAM_SECRETS = "upstream secrets"
SEALED_SETTINGS = "settings"
KEY_CHECK = "key check"
AUDIT_CHECKPOINTS = "audit checkpoints"


def make_backend(settings: Settings) -> Backend:
    """Return the backend of the database in DATABASE_URL."""
    path = sqlite_path(settings.database_url)
    if path is None:
        return PostgresBackend(
            settings.database_url,
            pool_size=settings.database_pool_size,
            timeout=settings.database_timeout,
            pooler=Pooler(settings.database_pooler),
        )
    return SqliteBackend(
        path,
        pool_size=settings.database_pool_size,
        busy_timeout=settings.sqlite_busy_timeout,
        synchronous=settings.sqlite_synchronous,
    )


def database_patience(settings: Settings) -> float:
    """Return how many seconds a request waits for the database."""
    is_sqlite = sqlite_path(settings.database_url) is not None
    return (settings.sqlite_busy_timeout if is_sqlite else settings.database_timeout) + 1


def box_for(settings: Settings, purpose: str) -> SecretBox:
    """Return a box that seals under the current SECRET_KEY and opens with any listed key."""
    return SecretBox(secret_keys(settings), purpose=purpose)


def settings_box(settings: Settings) -> SecretBox:
    """Return the box that seals the operator's secrets for the environment."""
    return box_for(settings, SEALED_SETTINGS)


def make_outbox(
    settings: Settings, mails: MailRepository, box: SecretBox, clock: Clock
) -> Outbox | None:
    if not settings.has_mail:
        return None
    return Outbox(mails, box, clock, brand=settings.brand_name, issuer=settings.issuer_url)


def make_sender(settings: Settings, names: HostNames) -> EmailSender:
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
        names=names,
    )


def make_threads(settings: Settings) -> BoundedThreads:
    return BoundedThreads(threads=settings.password_thread_count, queue=settings.password_queue)


def make_password_scheme(settings: Settings) -> PasswordScheme:
    return PasswordScheme(
        memory_kib=settings.argon2_memory_kib,
        time_cost=settings.argon2_time_cost,
        parallelism=settings.argon2_parallelism,
    )


def limit_rules(settings: Settings) -> Rules:
    return Rules.of(
        login=settings.login_limit,
        login_address=settings.login_limit_address,
        code=settings.code_limit,
        token_error=settings.token_error_limit,
        registration=settings.registrations_per_hour,
        client_registration=settings.client_registrations_per_hour,
        authorization_request=settings.authorization_requests_per_minute,
    )


def sealed_kinds(secrets: Sequence[str]) -> dict[str, SecretBox]:
    """Return the box that opens each kind of sealed value."""
    purposes = {
        sealed_values.OTP_SECRETS: OTP_SECRETS,
        sealed_values.SIGNING_KEYS: SIGNING_KEYS,
        sealed_values.UPSTREAM_SECRETS: UPSTREAM_SECRETS,
        sealed_values.MAILS: MAILS,
        sealed_values.AUDIT_CHECKPOINTS: AUDIT_CHECKPOINTS,
    }
    return {kind: SecretBox(secrets, purpose=purpose) for kind, purpose in purposes.items()}


def make_key_check(settings: Settings, database: Database) -> SecretKeyCheck:
    """Return the check of SECRET_KEY.

    Each listed key gets its own boxes, since the check has to know which of them is in use.
    """
    return SecretKeyCheck(
        KeyCheckRepository(database),
        SealedValueRepository(database),
        [
            ListedKey(SecretBox([secret], purpose=KEY_CHECK), sealed_kinds([secret]))
            for secret in secret_keys(settings)
        ],
        is_new=settings.secret_key_is_new,
    )


def secret_keys(settings: Settings) -> list[str]:
    """Return the current key, followed by those whose sealed values can still be opened."""
    keys = [settings.secret_key] if settings.secret_key is not None else []
    return [key.get_secret_value() for key in (*keys, *settings.secret_key_previous)]


def lifetimes(settings: Settings) -> Lifetimes:
    return Lifetimes(
        access=timedelta(seconds=settings.access_token_ttl),
        refresh=timedelta(seconds=settings.refresh_token_ttl),
        family=timedelta(seconds=settings.refresh_token_max_ttl),
    )
