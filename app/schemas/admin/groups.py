"""Groups and their members in the admin API."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.admin.listing import Listing
from app.schemas.admin.values import ChangedValues, Values
from app.schemas.client_policies import SecondFactorPolicy
from app.schemas.groups import Description, GroupName


class GroupResource(BaseModel):
    group_id: str
    name: str
    description: str
    second_factor: SecondFactorPolicy | None
    attributes: dict[str, Any]
    owner: str = Field(description="The file that made the group, or `manual`.")
    created_at: datetime


class GroupList(Listing):
    items: list[GroupResource]


class GroupCreate(BaseModel):
    """A group to create. Groups are flat: a group has no groups as members."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "editors", "description": "Write articles"}]},
    )

    name: GroupName
    description: Description = ""
    second_factor: SecondFactorPolicy | None = Field(
        default=None,
        description="Replaces the general policy for the members. Of several groups, the strictest"
        " counts.",
    )
    attributes: Values = Field(
        default_factory=dict, description="Values of attributes that are defined for groups."
    )


class GroupPatch(BaseModel):
    """Changes of a group (RFC 7396). Null removes a member, or resets it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"description": "Write and edit articles"}]}
    )

    name: GroupName = Field(default_factory=str)
    description: Description | None = Field(default_factory=str)
    second_factor: SecondFactorPolicy | None = Field(
        default=None, description="Null returns to the general policy."
    )
    attributes: ChangedValues | None = Field(default_factory=dict)


class GroupMember(BaseModel):
    user_id: str
    username: str
    source: str = Field(
        description="`manual`, or `provider:NAME` for a membership that an identity provider gives."
    )
    added_at: datetime


class GroupMemberList(Listing):
    """A page of members. A user who is a member from several sources is listed once for each, all
    on one page."""

    items: list[GroupMember]
