"""Roles and their grants in the admin API."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.admin.listing import Listing
from app.schemas.groups import Description, RoleName


class RoleResource(BaseModel):
    role_id: str
    name: str
    client_id: str | None = Field(
        description="The only client that sees the role; null for a global role."
    )
    description: str
    owner: str = Field(description="The file that made the role, or `manual`.")
    created_at: datetime


class RoleList(Listing):
    items: list[RoleResource]


class RoleCreate(BaseModel):
    """A role to create."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "editor", "description": "Writes articles"}]},
    )

    name: RoleName
    client_id: str | None = Field(
        default=None,
        pattern="^[A-Za-z0-9._~-]{1,255}$",
        description="The only client that sees the role; a global role has none.",
    )
    description: Description = ""


class RolePatch(BaseModel):
    """Changes of a role (RFC 7396). It stays with its client."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"description": "Edits articles"}]}
    )

    name: RoleName = Field(default_factory=str)
    description: Description | None = Field(default_factory=str)


class RoleGrantResource(BaseModel):
    kind: Literal["user", "group"]
    id: str = Field(description="The user_id or the group_id.")
    name: str | None = Field(description="The username, or the name of the group.")
    granted_at: datetime


class RoleGrantList(Listing):
    items: list[RoleGrantResource]
