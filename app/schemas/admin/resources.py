"""Resources in the admin API."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from app.schemas.admin.listing import Listing
from app.schemas.admin.policies import AccessPatch, nullable
from app.schemas.resource_policies import ResourcePolicies
from app.schemas.resources import ResourceBody, SigningAlgorithm, TokenFormat
from app.schemas.text import Name

KEPT = ("name", "identifier")
"""Members that stay as they are, since tokens and clients hold them."""


class ScopeOfResource(BaseModel):
    """A scope of a resource."""

    name: str
    description: str
    translations: dict[str, str]
    is_default: bool
    implies: list[str]


class ResourceResource(BaseModel):
    """A resource with its scopes and clients."""

    name: str
    identifier: str
    title: str
    aliases: list[str]
    scopes: list[ScopeOfResource]
    token_format: TokenFormat
    signing_alg: SigningAlgorithm
    access_token_ttl: int | None
    is_open_to_all_clients: bool
    requesters: list[str]
    servers: list[str]
    shows_metadata: bool
    allows_personal_tokens: bool
    agents: bool
    policies: ResourcePolicies
    owner: str = Field(description="The file that made the resource, or `manual`.")
    created_at: datetime


class ResourceList(Listing):
    items: list[ResourceResource]


class ResourcePoliciesPatch(BaseModel):
    """Changes of the policies of a resource."""

    model_config = ConfigDict(extra="forbid")

    personal_tokens: AccessPatch | None = None


_FIELDS: dict[str, Any] = {
    name: nullable(field) for name, field in ResourceBody.model_fields.items() if name not in KEPT
}
_FIELDS["title"] = (Name, Field(default_factory=str))
_FIELDS["is_open_to_all_clients"] = (bool, Field(default_factory=bool))
_FIELDS["policies"] = (ResourcePoliciesPatch | None, None)

ResourcePatch: type[BaseModel] = create_model(
    "ResourcePatch",
    __config__=ConfigDict(extra="forbid", json_schema_extra={"examples": [{"title": "Reports"}]}),
    __doc__="Changes of a resource (RFC 7396). Null resets a member; a list is replaced.",
    **_FIELDS,
)
