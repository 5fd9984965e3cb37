"""Audit events not yet in the chain, written in the transaction of the change they record."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, String, Table

from app.database.types import Instant
from app.models.operations.audit_events import content_columns
from app.models.tables import metadata

audit_outbox = Table(
    "audit_outbox",
    metadata,
    Column("event_id", String(32), primary_key=True),
    *content_columns(),
    Column("sequenced_at", Instant),
    Index("ix_audit_outbox_sequenced_at", "sequenced_at", "event_id"),
)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that has no number in the chain yet.

    `event_id` begins with the time, so that events are numbered in the order in which they were
    created. The row is kept for a while after the event has been numbered, so that repeating the
    insert changes nothing. If the event `is_preparation`, someone who is not a full administrator
    may hold a credential of the user from then on, and the account is noted as prepared.
    """

    event_id: str
    at: datetime
    action: str
    outcome: str
    actor: str
    user_id: str | None
    client_id: str | None
    address: str
    request_id: str
    details: str
    is_preparation: bool
