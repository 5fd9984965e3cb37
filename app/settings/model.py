"""All settings, typed and validated.

The environment variables are the names in upper case; `.env` in the working directory is read too.
The fields are in `app/settings/groups`.
"""

from typing import Literal, Self

from pydantic import model_validator
from pydantic_settings import SettingsConfigDict

from app.settings.groups.brand import BrandSettings
from app.settings.groups.certificates import CertificateSettings
from app.settings.groups.database import DatabaseSettings
from app.settings.groups.limits import LimitSettings
from app.settings.groups.mail import MailSettings
from app.settings.groups.operation import OperationSettings
from app.settings.groups.passwords import PasswordSettings
from app.settings.groups.secrets import SECRET_RECIPE, SecretSettings
from app.settings.groups.server import Environment, ServerSettings
from app.settings.groups.tokens import TokenSettings
from app.settings.values import cores, is_weak

__all__ = ["Environment", "Settings", "SettingsProblemsError"]

MINIMUM_SECRET_LENGTH = 32
MINIMUM_ADMIN_TOKEN_LENGTH = 32
LONGEST_FAPI_CODE = 60
"""Seconds (FAPI 2.0 Security Profile section 5.3.2.1)."""


class Settings(  # Pydantic begins with the fields of the last group
    OperationSettings,
    PasswordSettings,
    MailSettings,
    LimitSettings,
    BrandSettings,
    TokenSettings,
    DatabaseSettings,
    SecretSettings,
    CertificateSettings,
    ServerSettings,
):
    """Settings of the server. Frozen; durations are in seconds unless the name has another unit."""

    model_config = SettingsConfigDict(defer_build=False)

    @model_validator(mode="after")
    def _stand_together(self) -> Self:
        problems = list(self._production_problems()) if self.is_production else []
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            problems.append("TLS_CERT_FILE and TLS_KEY_FILE go together: set both or neither")
        if self.audit_retention_days is not None and self.audit_archive_dir is None:
            problems.append("AUDIT_RETENTION_DAYS requires AUDIT_ARCHIVE_DIR, where archives go")
        if (self.smtp_host is None) != (self.mail_from is None):
            problems.append("SMTP_HOST and MAIL_FROM go together: set both or neither")
        if self.brand_logo is None and self.brand_logo_dark is not None:
            problems.append("BRAND_LOGO_DARK requires BRAND_LOGO: set both")
        if (self.smtp_username is None) != (self.smtp_password is None):
            problems.append("SMTP_USERNAME and SMTP_PASSWORD go together: set both or neither")
        if self.refresh_token_max_ttl < self.refresh_token_ttl:
            problems.append("REFRESH_TOKEN_MAX_TTL must be at least REFRESH_TOKEN_TTL")
        if self.argon2_memory_kib < 8 * self.argon2_parallelism:
            problems.append(
                "ARGON2_MEMORY_KIB must be at least 8 times ARGON2_PARALLELISM (RFC 9106, 3.1)"
            )
        problems.extend(self._certificate_problems())
        problems.extend(self._profile_problems())
        if problems:
            raise SettingsProblemsError(problems)
        return self

    def _certificate_problems(self) -> list[str]:
        problems = []
        if self.mtls_header_format is not None and not self.trusted_proxies:
            problems.append("MTLS_HEADER_FORMAT requires TRUSTED_PROXIES: only they are believed")
        if self.mtls_port is not None:
            if self.tls_cert_file is None or self.mtls_ca_file is None:
                problems.append("MTLS_PORT requires TLS_CERT_FILE, TLS_KEY_FILE and MTLS_CA_FILE")
            if self.mtls_port == self.port:
                problems.append("MTLS_PORT must not be PORT, which never asks for certificates")
        if not self.takes_certificates:
            if self.mtls_ca_file is not None:
                problems.append("MTLS_CA_FILE requires MTLS_HEADER_FORMAT or MTLS_PORT")
            if self.mtls_url is not None:
                problems.append("MTLS_URL requires MTLS_HEADER_FORMAT or MTLS_PORT")
        return problems

    def _profile_problems(self) -> list[str]:
        if self.profile is None:
            return []
        problems = []
        if self.dynamic_registration == "open":
            problems.append("PROFILE=fapi2 excludes DYNAMIC_REGISTRATION=open: use token or off")
        if self.authorization_code_ttl > LONGEST_FAPI_CODE:
            problems.append(
                f"PROFILE=fapi2 requires AUTHORIZATION_CODE_TTL to be at most {LONGEST_FAPI_CODE}"
            )
        return problems

    def _production_problems(self) -> list[str]:
        problems = []
        hint = f"set it to a random value, for example with: {SECRET_RECIPE}"
        if self.secret_key is None:
            problems.append(f"SECRET_KEY is required in production: {hint}")
        elif is_weak(self.secret_key.get_secret_value(), MINIMUM_SECRET_LENGTH):
            problems.append(f"SECRET_KEY is weak: {hint}")
        if self.admin_token is not None and is_weak(
            self.admin_token.get_secret_value(), MINIMUM_ADMIN_TOKEN_LENGTH
        ):
            problems.append(f"ADMIN_TOKEN is weak: {hint}")
        if self.issuer is None:
            problems.append(
                "ISSUER is required in production: set it to the https URL at which clients "
                "reach this server"
            )
        elif not self.issuer.startswith("https://"):
            problems.append("ISSUER must begin with https:// in production")
        if "postern:postern@" in self.database_url:
            problems.append(
                "DATABASE_URL has the example password: choose another one in production"
            )
        return problems

    @property
    def registration_is_open(self) -> bool:
        if self.registration is None:
            return not self.is_production
        return self.registration == "open"

    @property
    def registrations_per_hour(self) -> int:
        """Sign-ups allowed from one IP address; zero means no limit."""
        if self.registration_limit is not None:
            return self.registration_limit
        return 60 if self.is_production else 0

    @property
    def client_registrations_per_hour(self) -> int:
        """Dynamic client registrations allowed from one IP address; zero means no limit."""
        if self.dynamic_registration_limit is not None:
            return self.dynamic_registration_limit
        return 300 if self.is_production else 0

    @property
    def authorization_requests_per_minute(self) -> int:
        """Pending authorization requests stored for anonymous browsers of one network.

        Zero means no limit.
        """
        if self.authorization_request_limit is not None:
            return self.authorization_request_limit
        return 600 if self.is_production else 0

    @property
    def client_creation_is_open(self) -> bool:
        return not self.is_production and self.profile is None

    @property
    def dynamic_registration_mode(self) -> Literal["open", "token", "off"]:
        if self.dynamic_registration is not None:
            return self.dynamic_registration
        return "off" if self.is_production or self.profile is not None else "open"

    @property
    def client_documents_mode(self) -> Literal["all", "agents", "off"]:
        if self.profile is not None:
            return "off"
        if self.client_documents is not None:
            return self.client_documents
        return "agents" if self.is_production else "all"

    @property
    def migrates_on_start(self) -> bool:
        if self.migrate_on_start is not None:
            return self.migrate_on_start
        return self.is_sqlite or not self.is_production

    @property
    def worker_count(self) -> int:
        """WORKERS; by default one per core on PostgreSQL, and one on SQLite (a single writer)."""
        if self.workers is not None:
            return self.workers
        return 1 if self.is_sqlite else cores()

    @property
    def password_thread_count(self) -> int:
        """PASSWORD_THREADS; by default the cores per worker.

        With one worker, one core is left free for everything other than password hashing.
        """
        if self.password_threads is not None:
            return self.password_threads
        return max(1, cores() // self.worker_count - (1 if self.worker_count == 1 else 0))


class SettingsProblemsError(ValueError):
    """Settings that are invalid in combination; each problem is a sentence for the operator."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
