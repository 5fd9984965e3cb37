"""Roles, global or of one client, and their grants to users and groups."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Integer, String, Table, Text, UniqueConstraint

from app.database.types import Instant
from app.models.tables import metadata

GLOBAL = ""
"""The `client_id` of a global role."""
ADMINISTRATOR = "administrator"
AUDITOR = "auditor"
RESERVED_ROLES = (ADMINISTRATOR, AUDITOR)
"""Names, and also ids, of the global roles that every database has. They give access to the
administration of this server."""
USER_PREFIX = "user:"
GROUP_PREFIX = "group:"

roles = Table(
    "roles",
    metadata,
    Column("role_id", String(32), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("client_id", String(255), nullable=False),
    Column("description", Text, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("client_id", "name"),
)

role_grants = Table(
    "role_grants",
    metadata,
    Column("role_id", String(32), primary_key=True),
    Column("subject", String(40), primary_key=True, index=True),
    Column("granted_at", Instant, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Role:
    """A role. `client_id` is that of the only client that sees it, or "" for a global role."""

    role_id: str
    name: str
    client_id: str
    description: str
    owner: str
    version: int
    created_at: datetime

    @property
    def is_reserved(self) -> bool:
        return self.role_id in RESERVED_ROLES


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A role that a user or a group has. `subject` is `user:ID` or `group:ID`."""

    role_id: str
    subject: str
    granted_at: datetime


def user_subject(user_id: str) -> str:
    return f"{USER_PREFIX}{user_id}"


def group_subject(group_id: str) -> str:
    return f"{GROUP_PREFIX}{group_id}"
