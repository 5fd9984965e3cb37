"""Personal access tokens, which users create for one resource, stored as digests."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Column, LargeBinary, String, Table, Text

from app.database.types import Instant
from app.models.tables import metadata

personal_tokens = Table(
    "personal_tokens",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("token_id", String(32), nullable=False),
    Column("user_id", String(32), nullable=False, index=True),
    Column("credentials_version", String(32), nullable=False),
    Column("name", String(100), nullable=False),
    Column("audience", String(500), nullable=False),
    Column("scope", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("last_used_at", Instant),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class PersonalToken:
    """A personal access token. `audience` is the identifier of its resource.

    It is valid only while its user has the `credentials_version` that it was created with.
    """

    digest: bytes
    token_id: str
    user_id: str
    credentials_version: str
    name: str
    audience: str
    scope: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class ValidPersonalToken(NamedTuple):
    """A personal access token whose user was active, with the user, in the order of the lookup."""

    user_id: str
    audience: str
    scope: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    username: str
    pairwise_salt: bytes
