"""Bodies of `/register` (RFC 7591, RFC 7592, OpenID Connect Dynamic Client Registration 1.0)."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.schemas.clients import ClientCreate, ClientMetadata
from app.schemas.text import Name, RedirectUri, Scope, Text

AUTHORIZATION_CODE = "authorization_code"


class ClientRegister(ClientMetadata):
    """A client to register. Unknown members are ignored; null and an empty string are treated as
    an absent member (RFC 7592 section 2.2).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "client_name": "UserApp",
                    "redirect_uris": ["https://app.example.com/callback"],
                    "token_endpoint_auth_method": "client_secret_basic",
                }
            ]
        }
    )

    client_id: str | None = Field(
        default=None, description=("In an update (RFC 7592): the current value.")
    )
    client_secret: str | None = Field(default=None, description="In an update: the current value.")
    client_name: Name | None = None
    redirect_uris: list[RedirectUri] = Field(default=[], max_length=20)
    grant_types: list[Text] = Field(default=["authorization_code"], max_length=20)
    response_types: list[Text] = Field(default=["code"], max_length=20)
    scope: Scope | None = None
    token_endpoint_auth_method: Text | None = Field(
        default=None,
        description=("Default: client_secret_basic; credentials in the body are accepted, too."),
    )

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, members: Any) -> Any:
        if not isinstance(members, dict):
            return members
        return {name: value for name, value in members.items() if value not in (None, "")}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Allow the `code` response type only with its grant (RFC 7591 section 2.1)."""
        self.grant_types = list(dict.fromkeys(self.grant_types)) or [AUTHORIZATION_CODE]
        if AUTHORIZATION_CODE in self.grant_types:
            self.response_types = list(dict.fromkeys(self.response_types)) or ["code"]
        elif "response_types" not in self.model_fields_set:
            self.response_types = []
        elif self.response_types:
            raise ValueError("response_types require the authorization_code grant")
        return self

    @property
    def is_public(self) -> bool:
        return self.token_endpoint_auth_method == "none"

    @property
    def all_redirect_uris(self) -> list[str]:
        return list(dict.fromkeys(self.redirect_uris))


class ClientInformation(BaseModel):
    """The client as registered (RFC 7591 section 3.2.1), with all of its metadata."""

    model_config = ConfigDict(extra="allow")

    client_id: str
    client_secret: str | None = Field(
        default=None, description=("Shown only once, at registration.")
    )
    client_id_issued_at: int
    client_secret_expires_at: int | None = None
    registration_access_token: str | None = None
    registration_client_uri: str | None = None
    redirect_uris: list[str]
    grant_types: list[str]
    response_types: list[str]
    scope: str
    token_endpoint_auth_method: str | None = None
    require_pkce: bool


def members_in(body: ClientCreate | ClientRegister) -> dict[str, Any]:
    """Return the members that a client with this body states, by name."""
    return {
        **body.stated_metadata(),
        "client_name": body.client_name,
        "redirect_uris": body.all_redirect_uris,
        "grant_types": list(dict.fromkeys(body.grant_types)),
        "scope": body.scope,
        "token_endpoint_auth_method": body.token_endpoint_auth_method,
    }
