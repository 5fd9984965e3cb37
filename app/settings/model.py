"""All settings, typed and validated.

The environment variables are the names in upper case; `.env` in the working directory is read too.
"""

import ipaddress
import os
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.settings.values import (
    cores,
    has_numeric_ports,
    holds_certificates,
    is_utf8,
    is_weak,
    is_web_address,
    sqlite_path,
)

Environment = Literal["development", "production"]
MINIMUM_SECRET_LENGTH = 32
MINIMUM_ADMIN_TOKEN_LENGTH = 32
DEFAULT_OTP_LABEL = "ThisOAuthServer"
SECRET_RECIPE = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'


def _split(value: object) -> object:
    """Split a list that is separated by commas or spaces, as in the environment."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
SecretWords = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """Settings of the server. Frozen; durations are in seconds unless the name has another unit."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    app_env: Environment = "production"

    database_url: str = "sqlite:///./data/postern.db"
    database_pool_size: int = Field(5, ge=1, le=100)
    database_pooler: Literal["session", "transaction"] = "session"
    database_timeout: float = Field(5.0, gt=0, le=60)
    sqlite_synchronous: Literal["FULL", "NORMAL"] = "FULL"
    sqlite_busy_timeout: float = Field(10.0, gt=0, le=60)
    migrate_on_start: bool | None = None

    secret_key: SecretStr | None = None
    secret_key_previous: SecretWords = ()
    secret_key_is_new: bool = False
    admin_token: SecretStr | None = None
    registration: Literal["open", "closed"] | None = None

    host: str = "127.0.0.1"
    port: int = Field(5000, ge=0, le=65535)
    issuer: str | None = None
    workers: int | None = Field(None, ge=1, le=256)
    trusted_proxies: Words = ()
    forwarded_header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for"
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    graceful_timeout: int = Field(10, ge=0, le=600)
    startup_timeout: float = Field(30.0, ge=0, le=3600)

    otp_issuer: str | None = Field(None, min_length=1, max_length=64, pattern="^[^:]+$")
    otp_policy: Literal["enrolled", "every_login"] = "enrolled"

    access_token_ttl: int = Field(3600, ge=1, le=31_536_000)
    refresh_token_ttl: int = Field(2_592_000, ge=1, le=31_536_000)
    refresh_token_max_ttl: int = Field(7_776_000, ge=1, le=315_360_000)

    id_token_ttl: int = Field(3600, ge=1, le=86_400)
    authorization_code_ttl: int = Field(60, ge=1, le=600)
    device_code_ttl: int = Field(600, ge=60, le=3600)
    session_ttl: int = Field(43_200, ge=60, le=31_536_000)
    pkce: Literal["public", "all"] = "public"
    dynamic_registration: Literal["open", "token", "off"] | None = None
    signing_key_max_age: int = Field(7_776_000, ge=3600, le=315_360_000)
    outbound_allowed_hosts: Words = ()
    outbound_ca_file: Path | None = None
    brand_name: str = Field("Postern", min_length=1, max_length=60)
    brand_logo: Path | None = None
    brand_color: str = Field("#1d4e89", pattern="^#[0-9a-fA-F]{6}$")

    login_limit: int = Field(10, ge=1, le=100_000)
    login_limit_address: int = Field(60, ge=1, le=1_000_000)
    code_limit: int = Field(5, ge=1, le=100_000)
    token_error_limit: int = Field(60, ge=1, le=1_000_000)
    registration_limit: int | None = Field(None, ge=0, le=1_000_000)
    dynamic_registration_limit: int | None = Field(None, ge=0, le=1_000_000)
    authorization_request_limit: int | None = Field(None, ge=0, le=100_000)
    redis_url: SecretStr | None = None
    remember_browser_days: int = Field(0, ge=0, le=90)

    smtp_host: str | None = None
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    mail_from: str | None = None

    argon2_memory_kib: int = Field(19_456, ge=8, le=1_048_576)
    argon2_time_cost: int = Field(2, ge=1, le=100)
    argon2_parallelism: int = Field(1, ge=1, le=16)
    password_threads: int | None = Field(None, ge=1, le=64)
    password_queue: int = Field(100, ge=1, le=10_000)

    log_format: Literal["text", "json"] = "text"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    access_log: bool = True
    docs: bool = True
    fast_lane: bool = True
    body_limit: int = Field(65_536, ge=1024, le=16_777_216)
    body_timeout: float = Field(15.0, gt=0, le=15)
    housekeeping_interval: float = Field(60.0, ge=0.05, le=86_400)
    unconfirmed_user_days: int = Field(30, ge=0, le=3650)

    @field_validator("app_env", "forwarded_header", "database_pooler", mode="before")
    @classmethod
    def _in_lower_case(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        scheme, separator, rest = value.partition("://")
        name = scheme.partition("+")[0]
        if name not in ("sqlite", "postgresql", "postgres") or not separator:
            raise ValueError("must begin with postgresql://, postgres:// or sqlite:///")
        if name == "sqlite" and sqlite_path(value) is None:
            raise ValueError("must name a file, such as sqlite:///./data/postern.db")
        if name != "sqlite" and not has_numeric_ports(rest):
            raise ValueError("must have a numeric port")
        return value

    @field_validator("issuer")
    @classmethod
    def _plain_issuer(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if any(char.isspace() for char in value) or not is_web_address(value):
            raise ValueError("must be a URL such as https://login.example.com")
        if any(char in value for char in "?#@"):
            raise ValueError("must not have a query, fragment or username (RFC 8414 section 2)")
        if urlsplit(value).path.strip("/"):
            raise ValueError("must not have a path: Postern must be at the root of its host")
        return value.rstrip("/")

    @field_validator("secret_key", "admin_token")
    @classmethod
    def _is_text(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_utf8(value.get_secret_value()):
            raise ValueError("must be text in UTF-8")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        schemes = ("redis://", "rediss://", "unix://")
        if value is not None and not value.get_secret_value().startswith(schemes):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("mail_from")
    @classmethod
    def _mailbox(cls, value: str | None) -> str | None:
        address = parseaddr(value)[1] if value is not None else ""
        if value is not None and not (value.isprintable() and "@" in address[1:-1]):
            raise ValueError("must be an email address such as Postern <login@example.com>")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for network in value:
                ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise ValueError("must be IP addresses or networks such as 10.0.0.0/8") from None
        return value

    @field_validator("tls_cert_file", "tls_key_file", "outbound_ca_file", "brand_logo")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not os.access(value, os.R_OK):
            raise ValueError("must name a readable file")
        return value

    @field_validator("outbound_ca_file")
    @classmethod
    def _certificates(cls, value: Path | None) -> Path | None:
        if value is not None and not holds_certificates(value):
            raise ValueError("must name a file with certificates in PEM format")
        return value

    @model_validator(mode="after")
    def _stand_together(self) -> Self:
        problems = list(self._production_problems()) if self.is_production else []
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            problems.append("TLS_CERT_FILE and TLS_KEY_FILE go together: set both or neither")
        if (self.smtp_host is None) != (self.mail_from is None):
            problems.append("SMTP_HOST and MAIL_FROM go together: set both or neither")
        if (self.smtp_username is None) != (self.smtp_password is None):
            problems.append("SMTP_USERNAME and SMTP_PASSWORD go together: set both or neither")
        if self.refresh_token_max_ttl < self.refresh_token_ttl:
            problems.append("REFRESH_TOKEN_MAX_TTL must be at least REFRESH_TOKEN_TTL")
        if self.argon2_memory_kib < 8 * self.argon2_parallelism:
            problems.append(
                "ARGON2_MEMORY_KIB must be at least 8 times ARGON2_PARALLELISM (RFC 9106, 3.1)"
            )
        if problems:
            raise SettingsProblemsError(problems)
        return self

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
    def is_production(self) -> bool:
        return self.app_env == "production"

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def otp_label(self) -> str:
        """The name in authenticator apps: OTP_ISSUER, or BRAND_NAME if only that is set.

        A colon ends the issuer in a key URI, so colons are removed from the brand name.
        """
        if self.otp_issuer is not None:
            return self.otp_issuer
        brand = self.brand_name if "brand_name" in self.model_fields_set else ""
        return " ".join(brand.replace(":", " ").split()) or DEFAULT_OTP_LABEL

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
    def has_mail(self) -> bool:
        return self.smtp_host is not None

    @property
    def client_creation_is_open(self) -> bool:
        return not self.is_production

    @property
    def dynamic_registration_mode(self) -> Literal["open", "token", "off"]:
        if self.dynamic_registration is not None:
            return self.dynamic_registration
        return "off" if self.is_production else "open"

    @property
    def migrates_on_start(self) -> bool:
        if self.migrate_on_start is not None:
            return self.migrate_on_start
        return self.is_sqlite or not self.is_production

    @property
    def scheme(self) -> str:
        return "https" if self.tls_cert_file else "http"

    @property
    def issuer_url(self) -> str:
        return self.issuer or f"{self.scheme}://localhost:{self.port}"

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

    @property
    def data_directory(self) -> Path:
        """The directory of the files next to the database: the generated key, the certificate."""
        path = sqlite_path(self.database_url)
        return path.parent if path is not None else Path("data")


class SettingsProblemsError(ValueError):
    """Settings that are invalid in combination; each problem is a sentence for the operator."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
