"""Bodies of `/token`, `/introspect` and `/revoke`."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

TokenType = Literal["Bearer", "DPoP", "N_A"]
RESOURCES = "The resource that tokens are requested for (RFC 8707); may be repeated."
DETAILS = "JSON array of authorization details (RFC 9396)."


class TokenResponse(BaseModel):
    """Token response (RFC 6749 section 5.1)."""

    access_token: str
    token_type: TokenType = Field(
        default="Bearer",
        description="`DPoP` if the access token is bound to a key (RFC 9449), `N_A` if the response"
        " has no access token (RFC 8693 section 2.2.1).",
    )
    expires_in: int = Field(description="Seconds.", examples=[3600])
    refresh_token: str | None = None
    scope: str | None = Field(default=None, examples=["profile email"])
    id_token: str | None = Field(default=None, description="Present if `openid` was granted.")
    authorization_details: list[dict[str, Any]] | None = Field(
        default=None, description="What was granted in detail (RFC 9396)."
    )
    issued_token_type: str | None = Field(
        default=None, description="Present after token exchange (RFC 8693 section 2.2.1)."
    )
    resource: str | None = Field(
        default=None, description="The resource that an identity assertion (ID-JAG) gave access to."
    )


class IntrospectionRequest(BaseModel):
    """Introspection request (RFC 7662 section 2.1)."""

    token: str
    token_type_hint: str | None = None
    client_id: str | None = Field(default=None, description="For client_secret_post.")
    client_secret: str | None = Field(default=None, description="For client_secret_post.")


class RevocationRequest(IntrospectionRequest):
    """Revocation request (RFC 7009 section 2.1)."""


class IntrospectionResponse(BaseModel):
    """Introspection response (RFC 7662 section 2.2). Only `active` is present if it is false.

    A client with claim mappings, or the scopes `groups` and `roles`, adds members of its own.
    """

    model_config = ConfigDict(extra="allow")

    active: bool
    scope: str | None = None
    client_id: str | None = None
    username: str | None = None
    token_type: Literal["Bearer", "DPoP", "refresh_token"] | None = None
    exp: int | None = Field(default=None, description="Seconds since 1970.")
    iat: int | None = Field(default=None, description="Seconds since 1970.")
    sub: str | None = None
    iss: str | None = None
    cnf: dict[str, str] | None = Field(
        default=None,
        description="What the token is bound to (RFC 7800): `jkt` is the thumbprint of a key (RFC"
        " 9449), `x5t#S256` that of a certificate (RFC 8705).",
        examples=[{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}],
    )
    aud: str | list[str] | None = Field(
        default=None,
        description="The resource that the access token is for, or the list of those that a refresh"
        " token is for.",
    )
    acr: str | None = Field(default=None, description="How the user signed in (RFC 9470).")
    auth_time: int | None = Field(
        default=None, description="When the user signed in, in seconds since 1970."
    )
    authorization_details: list[dict[str, Any]] | None = Field(
        default=None, description="What was granted in detail (RFC 9396)."
    )
    act: dict[str, Any] | None = Field(
        default=None,
        description="The party that acts for the subject, and within it those that acted before"
        " (RFC 8693).",
        examples=[{"sub": "reports", "client_id": "reports"}],
    )
    may_act: dict[str, str] | None = Field(
        default=None, description="The only client that may act for the subject (RFC 8693)."
    )


Introspected = Mapping[str, Any]
"""The members of an `IntrospectionResponse`, which is their schema for the documentation: to build
it would take a twentieth of the request."""


def introspected(**members: Any) -> Introspected:
    """Return the members of a response; those that are None are left out."""
    return {name: value for name, value in members.items() if value is not None}


class PushedRequest(BaseModel):
    """Parameters of a pushed authorization request (RFC 9126 section 2.1)."""

    response_type: str
    client_id: str | None = Field(
        default=None, description=("Required without HTTP Basic authentication.")
    )
    client_secret: str | None = Field(default=None, description="For client_secret_post.")
    redirect_uri: str | None = None
    scope: str | None = None
    state: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    dpop_jkt: str | None = Field(
        default=None, description="Thumbprint of the key that the code is bound to (RFC 9449)."
    )
    resource: str | None = Field(default=None, description=RESOURCES)
    authorization_details: str | None = Field(default=None, description=DETAILS)


class PushedResponse(BaseModel):
    """Pushed authorization response (RFC 9126 section 2.2)."""

    request_uri: str = Field(examples=["urn:ietf:params:oauth:request_uri:postern_ar_…"])
    expires_in: int = Field(description="Seconds.", examples=[90])


class DeviceRequest(BaseModel):
    """Device authorization request (RFC 8628 section 3.1)."""

    client_id: str | None = Field(
        default=None, description=("Required without HTTP Basic authentication.")
    )
    client_secret: str | None = Field(default=None, description="For client_secret_post.")
    scope: str | None = None
    resource: str | None = Field(default=None, description=RESOURCES)
    authorization_details: str | None = Field(default=None, description=DETAILS)


class DeviceResponse(BaseModel):
    """Device authorization response (RFC 8628 section 3.2)."""

    device_code: str
    user_code: str = Field(examples=["BCDF-GHJK"])
    verification_uri: str
    verification_uri_complete: str
    expires_in: int = Field(description="Seconds.", examples=[600])
    interval: int = Field(description="Minimum number of seconds between two polls.", examples=[5])


class ProtocolError(BaseModel):
    """Error response (RFC 6749 section 5.2)."""

    error: str = Field(examples=["invalid_grant"])
    error_description: str | None = None
