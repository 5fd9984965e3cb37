"""Heads of audit logs that a downgrade deleted. Downgrades do not drop this table."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, LargeBinary, Table

from app.database.types import Instant
from app.models.tables import metadata

audit_deletions = Table(
    "audit_deletions",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("deleted_at", Instant, nullable=False),
)


@dataclass(frozen=True, slots=True)
class AuditDeletion:
    """The number and the hash of the last deleted event, and the time of the deletion."""

    sequence: int
    hash: bytes
    deleted_at: datetime
