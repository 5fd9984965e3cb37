"""Tokens, sign-in and the pages for it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from app.settings.groups.base import Default, ReadableFile, SettingsGroup, Words
from app.settings.values import holds_certificates, is_web_address

DEFAULT_OTP_LABEL = "ThisOAuthServer"


class TokenSettings(SettingsGroup):
    """Lifetimes, the rules of OAuth and OpenID Connect, the pages, and one-time passwords."""

    title: ClassVar[str] = "Tokens and one-time passwords"

    access_token_ttl: int = Field(
        3600,
        ge=1,
        le=31_536_000,
        description="Lifetime of an access token. `864000` is the original server's ten days.",
    )
    refresh_token_ttl: Annotated[int, Default("30 days")] = Field(
        2_592_000, ge=1, le=31_536_000, description="How long a refresh token may stay unused."
    )
    refresh_token_max_ttl: Annotated[int, Default("90 days")] = Field(
        7_776_000,
        ge=1,
        le=315_360_000,
        description="Total lifetime of a sign-in, however often it is refreshed.",
    )
    id_token_ttl: int = Field(3600, ge=1, le=86_400, description="Lifetime of an ID token.")
    authorization_code_ttl: int = Field(
        60,
        ge=1,
        le=600,
        description="Lifetime of an authorization code. A code can be redeemed once.",
    )
    device_code_ttl: int = Field(600, ge=60, le=3600, description="Lifetime of a device code.")
    session_ttl: Annotated[int, Default("12 hours")] = Field(
        43_200,
        ge=60,
        le=31_536_000,
        description="How long a user stays signed in in a browser.",
    )
    stay_signed_in_days: Annotated[int, Default("never")] = Field(
        0,
        ge=0,
        le=90,
        description="For how many days users who ask for it stay signed in, instead of"
        " `SESSION_TTL`. `0` does not offer it, and ends such sessions.",
    )
    second_factor: Literal["required", "optional", "passkey_first"] = Field(
        "required",
        description="The second factor of sign-ins on the pages: `required`, `optional` (users"
        " decide), or `passkey_first` (required, and a passkey is offered first). Groups and"
        " clients can have policies of their own, and administrators always need one"
        " ([sign-in policies](sign-in-policies.md)).",
    )
    pkce: Literal["public", "all"] = Field(
        "public",
        description="Which clients must use PKCE: `public` clients and those that registered"
        " `require_pkce`, or `all` (recommended if every client supports it).",
    )
    dynamic_registration: Annotated[
        Literal["open", "token", "off"] | None,
        Default("`open` in development, `off` in production"),
    ] = Field(
        None,
        description="Dynamic client registration (`POST /register`): `open`, `token` (requires an"
        " initial access token; `postern clients invite` creates one) or `off` (only with"
        " `ADMIN_TOKEN`, and not in the metadata).",
    )
    signing_key_max_age: Annotated[int, Default("90 days")] = Field(
        7_776_000,
        ge=3600,
        le=315_360_000,
        description="The age at which a signing key is replaced.",
    )
    outbound_allowed_hosts: Words = Field(
        (),
        description="Hosts that the server may call although they are private or use http, for"
        " development and closed networks. Clients may register addresses there.",
        examples=["app.internal.example.com,localhost"],
    )
    outbound_ca_file: ReadableFile | None = Field(
        None,
        description="The certificate authority that signed their certificates (a PEM file). A file"
        " without a certificate is refused at startup.",
        examples=["/etc/postern/authority.pem"],
    )
    brand_name: str = Field(
        "Postern", min_length=1, max_length=60, description="The name on the pages."
    )
    brand_logo: ReadableFile | None = Field(
        None,
        description="The logo on the pages: a PNG, JPEG, GIF or WebP file.",
        examples=["/etc/postern/logo.png"],
    )
    brand_color: str = Field(
        "#1d4e89",
        pattern="^#[0-9a-fA-F]{6}$",
        description="The accent colour of the pages. Text on it stays readable.",
    )
    support_contact: str | None = Field(
        None,
        max_length=200,
        description="Where users ask for help: an email address or a URL. The page for users who"
        " have no access to an app shows it.",
        examples=["help@example.com"],
    )
    otp_issuer: Annotated[
        str | None, Default(f"`BRAND_NAME` if it is set, otherwise `{DEFAULT_OTP_LABEL}`")
    ] = Field(
        None,
        min_length=1,
        max_length=64,
        pattern="^[^:]+$",
        description="The name shown in authenticator apps, without colons. An app keeps the name"
        " under which it was enrolled.",
    )
    otp_policy: Literal["enrolled", "every_login"] = Field(
        "enrolled",
        description="`enrolled`: the password grant requires a confirmed enrolment."
        " `every_login`: it also requires a current code in the form parameter `otp`.",
    )

    @field_validator("outbound_ca_file")
    @classmethod
    def _certificates(cls, value: ReadableFile | None) -> ReadableFile | None:
        if value is not None and not holds_certificates(value):
            raise ValueError("must name a file with certificates in PEM format")
        return value

    @field_validator("support_contact")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None or is_web_address(value):
            return value
        if any(char.isspace() for char in value) or not all(value.partition("@")):
            raise ValueError("must be an email address or a URL such as https://help.example.com")
        return value

    @property
    def otp_label(self) -> str:
        """The name in authenticator apps: OTP_ISSUER, or BRAND_NAME if only that is set.

        A colon ends the issuer in a key URI, so colons are removed from the brand name.
        """
        if self.otp_issuer is not None:
            return self.otp_issuer
        brand = self.brand_name if "brand_name" in self.model_fields_set else ""
        return " ".join(brand.replace(":", " ").split()) or DEFAULT_OTP_LABEL
