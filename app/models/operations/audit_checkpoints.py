"""Checkpoints of the audit log: the events up to a checkpoint are in an archive."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table

from app.database.types import Instant
from app.models.tables import metadata

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("checkpoint_id", String(20), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("archived_at", Instant, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True)
class AuditCheckpoint:
    """The number and the hash of the last archived event.

    `checkpoint_id` is the number with leading zeros. `signature` is the number and the hash,
    encrypted under a key derived from SECRET_KEY, so that a checkpoint cannot be forged.
    """

    checkpoint_id: str
    sequence: int
    hash: bytes
    archived_at: datetime
    signature: bytes
