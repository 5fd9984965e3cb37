"""Tokens and sign-in."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from app.settings.groups.base import Default, ReadableFile, SettingsGroup, Words
from app.settings.values import holds_certificates


class TokenSettings(SettingsGroup):
    """Lifetimes, the rules of OAuth and OpenID Connect, and one-time passwords."""

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
    refresh_grace_agents: Annotated[int, Default("30 minutes")] = Field(
        1800,
        ge=0,
        le=86_400,
        description="For how long a used refresh token of a native public client, or of one with a"
        " metadata document, still gets the current tokens. Processes of an agent that share one"
        " stored token need it. Other clients have 30 seconds.",
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
    profile: Literal["fapi2"] | None = Field(
        None,
        description="The security profile of the server. `fapi2` serves nothing but the FAPI 2.0"
        " Security Profile: confidential clients with keys or certificates, pushed requests and"
        " bound tokens; no password grant, no open registration. One client alone is held to it by"
        " its policy `profile`. See [fapi.md](fapi.md).",
        examples=["fapi2"],
    )
    dpop_nonce: Literal["off", "required"] = Field(
        "off",
        description="Whether every [DPoP](dpop.md) proof needs a nonce of this server: `off` (only"
        " for clients with the policy `require_dpop_nonce`) or `required`.",
    )
    dynamic_registration: Annotated[
        Literal["open", "token", "off"] | None,
        Default("`open` in development, `off` in production"),
    ] = Field(
        None,
        description="Dynamic client registration (`POST /register`): `open`, `token` (requires an"
        " initial access token; `postern clients invite` creates one) or `off` (only with"
        " `ADMIN_TOKEN`). The metadata names the endpoint only if it is `open`.",
    )
    client_documents: Annotated[
        Literal["all", "agents", "off"] | None,
        Default("`all` in development, `agents` in production"),
    ] = Field(
        None,
        description="Which requests may use a [client ID metadata document](agents.md) as"
        " `client_id`: `all`, `agents` (only those for a resource marked `agents`) or `off`.",
    )
    client_document_hosts: Words = Field(
        (),
        description="The hosts whose documents are accepted. Empty: any host.",
        examples=["claude.ai,chatgpt.com,vscode.dev"],
    )
    client_document_max_bytes: int = Field(
        32_768, ge=1024, le=65_536, description="The largest document that is accepted."
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
