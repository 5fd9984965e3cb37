"""Audit events for changes that tests make below HTTP."""

from datetime import UTC, datetime

from app.models.operations.audit_events import AuditEvent, content_columns
from app.models.operations.audit_outbox import NewEvent
from app.security.tokens import new_ordered_identifier

CONTENT = [column.name for column in content_columns()]


def new_event(action: str = "something.changed", **values: str) -> NewEvent:
    return NewEvent(
        **{
            "event_id": new_ordered_identifier(),
            "at": datetime(2026, 11, 29, tzinfo=UTC),
            "action": action,
            "outcome": "succeeded",
            "actor": "system",
            "user_id": None,
            "client_id": None,
            "address": "",
            "request_id": "",
            "details": "{}",
            "is_preparation": False,
            **values,  # type: ignore[arg-type]  # tests only pass text columns
        }
    )


def new_audit_event(action: str, **values: str) -> AuditEvent:
    """Return an event as it is in the chain."""
    stored = new_event(action, **values)
    columns = {name: getattr(stored, name) for name in CONTENT}
    return AuditEvent(sequence=1, **columns, previous_hash=b"", hash=b"")
