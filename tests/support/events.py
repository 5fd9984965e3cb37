"""Audit events for changes that tests make below HTTP."""

from datetime import UTC, datetime

from app.models.operations.audit_outbox import NewEvent
from app.security.tokens import new_ordered_identifier


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
            **values,  # type: ignore[arg-type]  # tests only pass text columns
        }
    )
