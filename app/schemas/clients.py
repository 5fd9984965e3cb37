"""Bodies of `/create_client`, with the names of RFC 7591 section 2."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from app.schemas.text import HttpsUri, LogoutUri, Name, RedirectUri, Scope, Text, WebUri
from app.security.text import is_encodable, is_storable

DEFAULT_GRANT_TYPES = ("client_credentials", "authorization_code", "password", "refresh_token")
DEFAULT_PUBLIC_GRANT_TYPES = ("authorization_code", "refresh_token")
DEFAULT_SCOPE = "openid profile email offline_access"
MAXIMUM_TAGGED = 50
MAXIMUM_TAGGED_NAME = 100
URI_OR_TEXT: dict[str, TypeAdapter[str]] = {
    "client_name": TypeAdapter(Name),
    **dict.fromkeys(("client_uri", "logo_uri", "tos_uri", "policy_uri"), TypeAdapter(WebUri)),
}
"""Members that may be given in several languages, as `member#language`."""
PRIVATE_KEY_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "k", "oth", "priv"})


class ClientMetadata(BaseModel):
    """Optional client metadata, apart from how the client gets tokens. Unknown members are ignored,
    except names and URIs in other languages, such as `client_name#de` (RFC 7591 section 2.2).
    """

    model_config = ConfigDict(extra="allow")

    client_uri: WebUri | None = None
    logo_uri: WebUri | None = None
    tos_uri: WebUri | None = None
    policy_uri: WebUri | None = None
    contacts: list[Text] | None = Field(default=None, max_length=20)
    software_id: Text | None = None
    software_version: Text | None = None
    jwks_uri: WebUri | None = None
    jwks: dict[str, Any] | None = None
    application_type: Literal["web", "native"] | None = None
    subject_type: Literal["public", "pairwise"] | None = None
    sector_identifier_uri: HttpsUri | None = None
    id_token_signed_response_alg: Text | None = None
    userinfo_signed_response_alg: Text | None = None
    request_object_signing_alg: Text | None = None
    token_endpoint_auth_signing_alg: Text | None = None
    request_uris: list[WebUri] | None = Field(default=None, max_length=20)
    require_signed_request_object: bool | None = None
    require_pushed_authorization_requests: bool | None = None
    require_pkce: bool | None = Field(
        default=None,
        description="Refuse authorization requests without PKCE; always true for public clients.",
    )
    default_max_age: int | None = Field(default=None, ge=0, le=10**9)
    require_auth_time: bool | None = None
    default_acr_values: list[Text] | None = Field(default=None, max_length=20)
    authorization_details_types: list[Text] | None = Field(
        default=None,
        max_length=20,
        description="The only types of authorization details that the client uses (RFC 9396).",
    )
    initiate_login_uri: HttpsUri | None = None
    post_logout_redirect_uris: list[RedirectUri] | None = Field(default=None, max_length=20)
    backchannel_logout_uri: LogoutUri | None = None
    backchannel_logout_session_required: bool | None = None
    frontchannel_logout_uri: LogoutUri | None = None
    frontchannel_logout_session_required: bool | None = None
    dpop_bound_access_tokens: bool | None = Field(
        default=None,
        description="Refuse token requests without a DPoP proof (RFC 9449 section 5.2).",
    )
    tls_client_auth_subject_dn: Text | None = Field(
        default=None,
        description="The subject of the certificate for `tls_client_auth` (RFC 4514). That method"
        " requires exactly one of the five members `tls_client_auth_…`.",
    )
    tls_client_auth_san_dns: Text | None = None
    tls_client_auth_san_uri: Text | None = None
    tls_client_auth_san_ip: Text | None = None
    tls_client_auth_san_email: Text | None = None
    tls_client_certificate_bound_access_tokens: bool | None = Field(
        default=None,
        description="Bind access tokens to the client's certificate, which each token request then"
        " requires (RFC 8705 section 3.4).",
    )

    def stated_metadata(self) -> dict[str, Any]:
        metadata = self.model_dump(include=set(ClientMetadata.model_fields), exclude_none=True)
        return {**metadata, **self._in_other_languages()}

    def _in_other_languages(self) -> dict[str, str]:
        translations: dict[str, str] = {}
        for name, value in (self.model_extra or {}).items():
            adapter = URI_OR_TEXT.get(name.partition("#")[0]) if "#" in name else None
            if (
                adapter is None
                or len(name) > MAXIMUM_TAGGED_NAME
                or len(translations) >= MAXIMUM_TAGGED
            ):
                continue
            if not is_storable(name):
                raise ValueError("the name of a member contains control characters")
            try:
                translations[name] = adapter.validate_python(value)
            except ValidationError as error:
                problem = error.errors(include_input=False)[0]["msg"]
                member, text = name.partition("#")[0], problem.removeprefix("Value error, ")
                raise ValueError(f"{member} with a language tag: {text}") from None
        return translations

    @model_validator(mode="after")
    def _readable_in_every_language(self) -> Self:
        self._in_other_languages()
        return self

    @model_validator(mode="after")
    def _public_keys_of_one_source(self) -> Self:
        if self.jwks is None:
            return self
        if self.jwks_uri is not None:
            raise ValueError("Give jwks or jwks_uri, not both.")
        if not is_encodable(self.jwks):
            raise ValueError("jwks must not contain text that cannot be encoded.")
        keys = self.jwks.get("keys")
        if not isinstance(keys, list):
            raise ValueError("jwks must be a JSON Web Key Set (RFC 7517 section 5).")
        if any(not isinstance(key, dict) or PRIVATE_KEY_MEMBERS & key.keys() for key in keys):
            raise ValueError("jwks must contain public keys only.")
        return self


class ClientCreate(ClientMetadata):
    """A client to create. `redirect_uri` is short for a list with one entry."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"client_name": "UserApp", "redirect_uri": "http://localhost:3000/callback"}
            ]
        }
    )

    client_name: Name
    redirect_uri: RedirectUri | None = None
    redirect_uris: list[RedirectUri] | None = Field(default=None, max_length=20)
    grant_types: list[Text] = Field(default=[], max_length=20)
    response_types: list[Literal["code"]] = Field(default=[], max_length=1)
    scope: Scope = DEFAULT_SCOPE
    token_endpoint_auth_method: Text | None = Field(default=None, examples=["client_secret_basic"])

    @property
    def is_public(self) -> bool:
        return self.token_endpoint_auth_method == "none"

    @property
    def all_redirect_uris(self) -> list[str]:
        shorthand = [self.redirect_uri] if self.redirect_uri is not None else []
        return list(dict.fromkeys([*shorthand, *(self.redirect_uris or [])]))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.grant_types:
            is_bound = self.is_public or self.subject_type == "pairwise"
            self.grant_types = list(DEFAULT_PUBLIC_GRANT_TYPES if is_bound else DEFAULT_GRANT_TYPES)
        self.grant_types = list(dict.fromkeys(self.grant_types))
        if "authorization_code" in self.grant_types:
            self.response_types = ["code"]
            if not self.all_redirect_uris:
                raise ValueError(
                    "The authorization_code grant requires a redirect_uri. Leave the grant out "
                    "of grant_types if the client does not use it."
                )
        return self


class ClientWithoutName(ClientCreate):
    """The metadata of a client that registered itself without a name, as an administrator changes
    it."""

    client_name: Literal[""] = ""


class ClientCreated(BaseModel):
    """The client as registered (RFC 7591 section 3.2.1)."""

    model_config = ConfigDict(extra="allow")

    client_id: str = Field(description="24 characters.")
    client_secret: str | None = Field(
        default=None, description="Shown only once; absent for a public client."
    )
    client_id_issued_at: int = Field(description="Seconds since 1970.")
    client_secret_expires_at: int | None = Field(
        default=None, description=("0 if it does not expire.")
    )
    client_name: str
    redirect_uris: list[str]
    grant_types: list[str]
    response_types: list[str]
    scope: str
    token_endpoint_auth_method: str | None = None
    require_pkce: bool
