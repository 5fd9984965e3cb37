"""Replay cache of single-use identifiers: the `jti` of client assertions and of DPoP proofs."""

from datetime import datetime
from typing import NamedTuple

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


class SingleUse(NamedTuple):
    """One use of an identifier: `spent_by` names the caller, who may repeat its own use."""

    digest: bytes
    spent_by: bytes
    expires_at: datetime
