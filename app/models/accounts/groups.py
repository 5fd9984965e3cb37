"""Groups of users, their members, and the claims of identity providers that map to them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, Integer, String, Table, Text, text

from app.database.types import Instant
from app.models.tables import index_where_set, metadata

IS_NOT_MANUAL = "source <> 'manual'"
MANUAL = "manual"
"""The owner of an object that no file made, and the source of a membership that no identity
provider gave."""

groups = Table(
    "groups",
    metadata,
    Column("group_id", String(32), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("name_key", String(128), nullable=False, unique=True),
    Column("description", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("second_factor", String(20)),
    Column("owner", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    index_where_set("ix_groups_second_factor", "second_factor"),
)

group_members = Table(
    "group_members",
    metadata,
    Column("group_id", String(32), primary_key=True),
    Column("user_id", String(32), primary_key=True, index=True),
    Column("source", String(80), primary_key=True),
    Column("added_at", Instant, nullable=False),
    Index(
        "ix_group_members_source",
        "source",
        sqlite_where=text(IS_NOT_MANUAL),
        postgresql_where=text(IS_NOT_MANUAL),
    ),
)

group_mappings = Table(
    "group_mappings",
    metadata,
    Column("provider_id", String(40), primary_key=True),
    Column("claim_value", String(256), primary_key=True),
    Column("group_id", String(32), primary_key=True, index=True),
)


@dataclass(frozen=True, slots=True)
class Group:
    """A group of users. `name_key` is the case-folded name, which is unique.

    `attributes` is a JSON object of the values of its typed attributes. `second_factor` replaces
    the general policy for its members, if it is set. `owner` is the file that made the group, or
    `manual`. `version` grows with every change of the group, but not of its members.
    """

    group_id: str
    name: str
    name_key: str
    description: str
    attributes: str
    second_factor: str | None
    owner: str
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """A membership of a user in a group.

    `source` is `manual`, or `provider:NAME` for one that an identity provider gave. A user can be
    a member from several sources.
    """

    group_id: str
    user_id: str
    source: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class GroupMapping:
    """A value of the groups claim of an identity provider, and the group here that it means."""

    provider_id: str
    claim_value: str
    group_id: str


def provider_source(provider_id: str) -> str:
    """Return the source of the memberships that an identity provider gives."""
    return f"provider:{provider_id}"
