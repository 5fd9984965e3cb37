"""Identity providers in the admin API."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.schemas.admin.listing import Listing
from app.schemas.client_policies import GroupId
from app.schemas.identity_providers import DEFAULT_SCOPE

Secret = Annotated[str, StringConstraints(max_length=1000)]
ClaimValue = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class ProviderResource(BaseModel):
    name: str
    label: str
    issuer: str
    client_id: str
    has_secret: bool
    scope: str
    linked: int = Field(description="How many accounts are linked to it.")
    disabled: bool
    owner: str = Field(description="The file that made the provider, or `manual`.")
    redirect_uri: str = Field(description="The redirect URI to register with the provider.")


class ProviderList(Listing):
    items: list[ProviderResource]


class ProviderCreate(BaseModel):
    """An identity provider to add. Its secret can be written, but never read."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "work", "issuer": "https://login.example.com", "client_id": "postern"}
            ]
        },
    )

    name: str = Field(pattern="^[a-z0-9-]{1,40}$", description="Part of the redirect URI.")
    label: str | None = Field(default=None, description="The text of the button; default: name.")
    issuer: str
    client_id: str = Field(description="The ID that the provider issued to this server.")
    client_secret: Secret = Field(default="", description="Empty for a public client.")
    scope: str = DEFAULT_SCOPE


class ProviderPatch(BaseModel):
    """Changes of a provider (RFC 7396). It keeps its name and its issuer."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"label": "Work account"}]}
    )

    label: str | None = None
    client_id: str = Field(default_factory=str)
    client_secret: Secret | None = Field(
        default=None, description="Null or an empty text makes this server a public client."
    )
    scope: str | None = None


class ProviderGroupMappings(BaseModel):
    """Groups here by the values of a claim, renewed at each sign-in with the provider."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"groups_claim": None, "mappings": {}}]}
    )

    groups_claim: str | None = Field(
        default=None, description="The claim that lists groups; null turns the mapping off."
    )
    mappings: Mapping[ClaimValue, list[GroupId]] = Field(
        default_factory=dict, description="The IDs of groups by a value of the claim."
    )
