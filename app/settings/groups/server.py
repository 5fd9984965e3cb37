"""Where and how the server listens."""

import ipaddress
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from app.settings.groups.base import Default, InLowerCase, ReadableFile, SettingsGroup, Words
from app.settings.values import is_host_name, is_web_address

Environment = Literal["development", "production"]


class ServerSettings(SettingsGroup):
    """The environment, the address, the processes and the proxies in front of them."""

    title: ClassVar[str] = "Server"

    app_env: Annotated[
        Environment,
        InLowerCase,
        Default("`development` for `postern` commands on a loopback `HOST`"),
    ] = Field(
        "production",
        description="The environment: `development` or `production`. `FLASK_ENV` is accepted"
        " as the older name.",
    )
    host: str = Field(
        "127.0.0.1",
        description="The address to listen on. `0.0.0.0` listens on all addresses, and is the"
        " default in the container image.",
    )
    port: int = Field(
        5000, ge=0, le=65535, description="The port to listen on. `0` chooses a free one."
    )
    issuer: Annotated[
        str | None,
        Default("in development `http://localhost:PORT`, or https if the server serves it"),
    ] = Field(
        None,
        description="The URL at which clients reach the server, without a path. Production"
        " requires it, with https. It appears in the metadata and in introspection, and request"
        " headers cannot change it.",
        examples=["https://login.example.com"],
    )
    workers: Annotated[int | None, Default("one per core on PostgreSQL, one on SQLite")] = Field(
        None,
        ge=1,
        le=256,
        description="The number of worker processes. They share only the database.",
    )
    trusted_proxies: Words = Field(
        (),
        description="Addresses or networks of trusted proxies. Set it behind a proxy: otherwise"
        " every rate limit treats all users as one caller, and production logs a warning at the"
        " first forwarded request.",
        examples=["10.0.0.0/8,192.0.2.7"],
    )
    forwarded_header: Annotated[Literal["x-forwarded-for", "forwarded"], InLowerCase] = Field(
        "x-forwarded-for",
        description="The header that these proxies set: `x-forwarded-for`, or `forwarded`"
        " (RFC 7239). The other one is ignored, since a proxy passes it on as the caller sent it."
        " Addresses may have ports, brackets and quotes.",
    )
    tls_cert_file: ReadableFile | None = Field(
        None,
        description="The certificate (a PEM file) to serve https without a proxy. Set it together"
        " with `TLS_KEY_FILE`.",
        examples=["/etc/postern/certificate.pem"],
    )
    tls_key_file: ReadableFile | None = Field(
        None,
        description="The private key of that certificate (a PEM file). Set it together with"
        " `TLS_CERT_FILE`.",
        examples=["/etc/postern/key.pem"],
    )
    graceful_timeout: int = Field(
        10,
        ge=0,
        le=600,
        description="How long requests in progress may take to finish after SIGTERM.",
    )
    startup_timeout: float = Field(
        30.0,
        ge=0,
        le=3600,
        description="How long to wait at startup for an unavailable database, with a line in the"
        " log every few seconds, before the server ends with exit code 2. Clients cannot connect"
        " meanwhile. `0` does not wait.",
    )

    webfinger_domains: Words = Field(
        (),
        description="Domains of email addresses for which `/.well-known/webfinger` names this"
        " server as the identity provider. See [WebFinger](webfinger.md).",
        examples=["example.com,example.org"],
    )

    @field_validator("webfinger_domains")
    @classmethod
    def _domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(is_host_name(domain) for domain in value):
            raise ValueError("must be domains such as example.com, in ASCII (xn--…)")
        return tuple(domain.lower() for domain in value)

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

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for network in value:
                ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise ValueError("must be IP addresses or networks such as 10.0.0.0/8") from None
        return value

    @property
    def is_production(self) -> bool:
        return self.app_env == "production"

    @property
    def scheme(self) -> str:
        return "https" if self.tls_cert_file else "http"

    @property
    def issuer_url(self) -> str:
        return self.issuer or f"{self.scheme}://localhost:{self.port}"
