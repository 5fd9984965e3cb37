"""The audit log: append-only, each event linked to the previous one by its hash."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, Text

from app.database.types import Instant
from app.models.tables import index_where_set, metadata


def content_columns() -> list[Column[Any]]:
    """Return new columns for the content of an event, shared by the chain and its outbox."""
    return [
        Column("at", Instant, nullable=False),
        Column("action", String(60), nullable=False),
        Column("outcome", String(20), nullable=False),
        Column("actor", String(300), nullable=False),
        Column("user_id", String(32)),
        Column("client_id", String(255)),
        Column("address", String(64), nullable=False),
        Column("request_id", String(64), nullable=False),
        Column("details", Text, nullable=False),
    ]


audit_events = Table(
    "audit_events",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    *content_columns(),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ix_audit_events_user_id", "user_id", "sequence"),
    index_where_set("ix_audit_events_client_id", "client_id", "sequence"),
    Index("ix_audit_events_actor", "actor", "sequence"),
    Index(
        "ix_audit_events_action",
        "action",
        "sequence",
        postgresql_ops={"action": "varchar_pattern_ops"},
    ),
    Index("ix_audit_events_at", "at"),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An event of the audit log.

    `user_id` and `client_id` are those the action was applied to. `actor` performed it, for
    example `user:ID`, `client:ID`, `administrator` or `operator:root`. `details` is a JSON object
    without secrets.
    """

    sequence: int
    at: datetime
    action: str
    outcome: str
    actor: str
    user_id: str | None
    client_id: str | None
    address: str
    request_id: str
    details: str
    previous_hash: bytes
    hash: bytes

    @property
    def is_numbered(self) -> bool:
        """Whether the event has its number in the chain; False while it is in the outbox."""
        return self.sequence > 0
