"""Clients in the admin API, with the names of RFC 7591 section 2."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.schemas.admin.listing import Listing
from app.schemas.admin.moments import BodyMoment
from app.schemas.admin_scopes import AdminScope
from app.schemas.clients import URI_OR_TEXT, ClientMetadata
from app.schemas.resources import ShortName
from app.schemas.text import Name, RedirectUri, Scope, Text

MAXIMUM_TAG = 80
TAGGED_NAME = rf"^({'|'.join(URI_OR_TEXT)})#[A-Za-z0-9-]{{1,{MAXIMUM_TAG}}}$"
Trust = Literal["none", "verified", "first_party"]
KindName = Literal["web", "spa", "native", "device", "service"]
TaggedName = Annotated[str, StringConstraints(pattern=TAGGED_NAME)]
ChosenId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~-]{1,128}$")]
ChosenSecret = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{32,200}$")]


def _with_tagged_names(schema: dict[str, Any]) -> None:
    """Describe the only other members: names and URIs in other languages."""
    schema["patternProperties"] = {TAGGED_NAME: {"type": ["string", "null"]}}
    schema["additionalProperties"] = False
    kind = {"kind": "service"} if "kind" in schema["properties"] else {}
    schema["examples"] = [{"client_name": "Reports", **kind}]


class StatedMetadata(ClientMetadata):
    """Client metadata, of which other members are refused, except those with a language tag."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_with_tagged_names)

    __pydantic_extra__: dict[TaggedName, str | None]

    redirect_uris: list[RedirectUri] | None = Field(default=None, max_length=20)
    grant_types: list[Text] | None = Field(default=None, max_length=20)
    scope: Scope | None = None
    token_endpoint_auth_method: Text | None = None


class AdminClientCreate(StatedMetadata):
    """A client to create: of a `kind` with its defaults, which the other members replace."""

    kind: KindName | None = Field(
        default=None,
        description="`web` and `service` have a secret; `spa`, `native` and `device` have none.",
    )
    client_name: Name
    client_id: ChosenId | None = Field(default=None, description="Chosen; otherwise random.")
    client_secret: ChosenSecret | None = Field(
        default=None, description="Chosen; otherwise random, if the client has one."
    )

    @property
    def stated(self) -> dict[str, Any]:
        """The members of the metadata that the body states."""
        members = self.model_dump(
            exclude={"kind", "client_id", "client_secret"}, exclude_unset=True, exclude_none=True
        )
        return dict(members)


class ClientPatch(StatedMetadata):
    """Changes of the metadata of a client (RFC 7396). Null removes a member."""

    client_name: Name = Field(default_factory=str)


class ClientResource(BaseModel):
    """A client, with all other members of its metadata that are stated."""

    model_config = ConfigDict(extra="allow")

    client_id: str
    client_name: str
    redirect_uris: list[str]
    grant_types: list[str]
    response_types: list[str]
    scope: str
    token_endpoint_auth_method: str | None
    trust: Trust
    disabled: bool
    admin_scopes: list[AdminScope] = Field(
        description="Scopes of the admin API, which only a full administrator lists."
    )
    default_resource: str | None = Field(
        description="The short name of the resource of its requests that name none."
    )
    has_secret: bool
    secret_expires_at: datetime | None
    previous_secret_expires_at: datetime | None
    has_registration_token: bool
    owner: str = Field(description="The file that made the client, or `manual`.")
    created_at: datetime


class ClientDetails(ClientResource):
    """A client with what uses it."""

    users: int = Field(description="How many users allowed the client.")
    last_token_at: datetime | None


class ClientWithSecret(ClientResource):
    client_secret: str | None = Field(description="A new secret if there is one, shown only here.")


class ClientList(Listing):
    items: list[ClientResource]


class ClientTrust(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"trust": "none"}]})

    trust: Trust = Field(
        description="`verified` is shown on the consent page; `first_party` needs no consent."
    )


class ClientAdminScopes(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"admin_scopes": ["users:read"]}]}
    )

    admin_scopes: list[AdminScope] = Field(
        max_length=len(AdminScope), description="All scopes of the admin API that it may have."
    )


class ClientDefaultResource(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"default_resource": "reports"}]}
    )

    default_resource: ShortName | None = Field(
        description="The short name of the resource of its requests that name none, or null."
    )


class SecretCreate(BaseModel):
    """A new secret, while the current one remains valid for `overlap` seconds."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"overlap": 3600}]})

    overlap: int = Field(default=0, ge=0, le=90 * 86_400, description="Seconds.")
    expires_at: BodyMoment | None = None
    client_secret: ChosenSecret | None = Field(default=None, description="Chosen; else random.")


class SecretExpiry(BaseModel):
    """When the current secret expires; null for never."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"expires_at": None}]}
    )

    expires_at: BodyMoment | None


class IssuedSecret(BaseModel):
    client_id: str
    client_secret: str = Field(description="Shown only here.")
    secret_expires_at: datetime | None
    previous_secret_expires_at: datetime | None


class IssuedRegistrationToken(BaseModel):
    client_id: str
    registration_access_token: str = Field(description="Shown only here.")
    registration_client_uri: str
