"""Certificates of clients (RFC 8705): where they come from, and who issues them."""

import re
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from app.settings.groups.base import Default, InLowerCase, ReadableFile, SettingsGroup
from app.settings.values import holds_certificates, is_web_address

HEADER_NAME = re.compile("[a-z0-9-]+")
NOT_FOR_CERTIFICATES = frozenset(
    {"authorization", "cookie", "host", "forwarded", "x-forwarded-for", "client-cert-chain"}
)


class CertificateSettings(SettingsGroup):
    """Client certificates: mutual TLS."""

    title: ClassVar[str] = "Client certificates"
    introduction: ClassVar[str] = (
        "Clients can authenticate with certificates and get access tokens bound to them"
        " (RFC 8705). See [mtls.md](mtls.md). Without these settings no certificate is ever read."
    )

    mtls_header_format: Annotated[Literal["rfc9440", "nginx", "haproxy"] | None, InLowerCase] = (
        Field(
            None,
            description="How your proxy writes the certificate of the client into a header:"
            " `rfc9440` (`Client-Cert` and `Client-Cert-Chain`), `nginx`"
            " (`$ssl_client_escaped_cert`) or `haproxy` (`%[ssl_c_der,base64]`). The header is"
            " believed only from the addresses in `TRUSTED_PROXIES`; from any other peer, or twice,"
            " it makes the request fail with 400. The proxy must always set or remove it.",
            examples=["nginx"],
        )
    )
    mtls_header: Annotated[str, InLowerCase] = Field(
        "client-cert", description="The name of that header."
    )
    mtls_ca_file: ReadableFile | None = Field(
        None,
        description="The authorities (a PEM file) whose certificates clients with"
        " `tls_client_auth` present. The server verifies the whole chain itself, also behind a"
        " proxy. Each certificate in the file is trusted, so list an intermediate here only if you"
        " trust it without its root.",
        examples=["/etc/postern/client-ca.pem"],
    )
    mtls_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="A port of its own on which the server asks for certificates itself. It"
        " requires `TLS_CERT_FILE`, `TLS_KEY_FILE` and `MTLS_CA_FILE`, and serves"
        " `tls_client_auth` only. `PORT` never asks for a certificate.",
        examples=["5443"],
    )
    mtls_url: Annotated[
        str | None, Default("the issuer's host with `MTLS_PORT`, if that is set")
    ] = Field(
        None,
        description="The URL at which clients reach the server with a certificate, without a path,"
        " if it is not `ISSUER`. The metadata names it in `mtls_endpoint_aliases`. Set it if your"
        " proxy asks for certificates on a host or port of its own.",
        examples=["https://mtls.login.example.com"],
    )

    @field_validator("mtls_header")
    @classmethod
    def _header_name(cls, value: str) -> str:
        if HEADER_NAME.fullmatch(value) is None or value in NOT_FOR_CERTIFICATES:
            raise ValueError("must be the name of a header of its own, such as client-cert")
        return value

    @field_validator("mtls_ca_file")
    @classmethod
    def _authorities(cls, value: ReadableFile | None) -> ReadableFile | None:
        if value is not None and not holds_certificates(value):
            raise ValueError("must be a file with certificates in PEM format")
        return value

    @field_validator("mtls_url")
    @classmethod
    def _plain_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if any(char.isspace() or char in "?#@" for char in value) or not is_web_address(value):
            raise ValueError("must be a URL such as https://mtls.login.example.com")
        if not value.startswith("https://") or urlsplit(value).path.strip("/"):
            raise ValueError("must begin with https:// and have no path")
        return value.rstrip("/")

    @property
    def takes_certificates(self) -> bool:
        """Whether clients can present certificates."""
        return self.mtls_header_format is not None or self.mtls_port is not None

    def mtls_base_url(self, issuer: str) -> str | None:
        """Return the URL of the endpoints with certificates, or None if it is the issuer's."""
        if not self.takes_certificates:
            return None
        if self.mtls_url is not None:
            return self.mtls_url if self.mtls_url != issuer else None
        if self.mtls_port is None:
            return None
        host = urlsplit(issuer).hostname or ""
        return f"https://{f'[{host}]' if ':' in host else host}:{self.mtls_port}"
