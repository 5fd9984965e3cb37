"""Addresses from which a person signed in lately: a stranger's tries elsewhere do not slow him."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, LargeBinary, String, Table

from app.database.types import Instant
from app.models.tables import metadata

known_addresses = Table(
    "known_addresses",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("user_id", String(32), nullable=False, index=True),
    Column("expires_at", Instant, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class KnownAddress:
    """A network that a user signs in from; `digest` names both and the way."""

    digest: bytes
    user_id: str
    expires_at: datetime
