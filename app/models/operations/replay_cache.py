"""Replay cache of single-use identifiers: the `jti` of client assertions and request objects."""

from sqlalchemy import Column, LargeBinary, Table

from app.database.types import Instant
from app.models.tables import metadata

replay_cache = Table(
    "spent_identifiers",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("spent_by", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    sqlite_with_rowid=False,
)
