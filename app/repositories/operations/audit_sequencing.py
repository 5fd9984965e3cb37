"""Assigning numbers and hashes to the audit events of the outbox, in batches."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.operations.audit_events import AuditEvent, audit_events, audit_head
from app.models.operations.audit_outbox import audit_outbox
from app.models.operations.webhooks import WebhookEvent
from app.repositories.inserts import values_in
from app.repositories.operations.audit_events import hash_of
from app.repositories.operations.webhook_deliveries import queue_deliveries

head, outbox = audit_head.c, audit_outbox.c
BATCH = 500
BY_INDEX = (outbox.sequenced_at, outbox.event_id)
"""PostgreSQL needs both columns to find unnumbered events by the index instead of a full scan."""
RETAINED_FOR = timedelta(minutes=10)
"""How long a row is kept after its event was numbered.

An insert that is repeated after a lost connection finds the row and changes nothing.
"""


class Numbered(NamedTuple):
    """How many events were numbered, and how many deliveries to webhooks they have queued."""

    events: int
    deliveries: int


class AuditSequencingRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def has_waiting(self) -> bool:
        return await self._database.exists(
            select(outbox.event_id)
            .where(outbox.sequenced_at.is_(None))
            .order_by(*BY_INDEX)
            .limit(1)
        )

    @retries_on_lock
    async def number_some(
        self, webhook_events_of: Callable[[AuditEvent], Sequence[WebhookEvent]], *, now: datetime
    ) -> Numbered | None:
        """Append at most `BATCH` events to the chain, and queue them for the webhooks.

        Return None, without waiting, if another worker has locked the head of the chain.
        """
        queued = 0
        async with self._database.transaction() as connection:
            last = (
                await connection.execute(
                    select(head.sequence, head.hash)
                    .where(head.name == "head")
                    .with_for_update(skip_locked=True)
                )
            ).first()
            if last is None:
                return None
            waiting: Sequence[Any] = (
                await connection.execute(
                    select(audit_outbox)
                    .where(outbox.sequenced_at.is_(None))
                    .order_by(*BY_INDEX)
                    .limit(BATCH)
                )
            ).all()
            if waiting:
                appended = await _append(connection, int(last.sequence), bytes(last.hash), waiting)
                for_webhooks = [each for event in appended for each in webhook_events_of(event)]
                queued = await queue_deliveries(connection, for_webhooks, now=now)
                await connection.execute(
                    update(audit_outbox)
                    .where(outbox.event_id.in_([row.event_id for row in waiting]))
                    .values(sequenced_at=now)
                )
                await connection.execute(_old_rows(before=now - RETAINED_FOR))
        return Numbered(len(waiting), queued)


async def _append(
    connection: AsyncConnection, sequence: int, previous: bytes, waiting: Sequence[Any]
) -> Sequence[AuditEvent]:
    events: list[AuditEvent] = []
    for row in waiting:
        _, at, action, outcome, actor, user_id, client_id, address, request_id, details, _ = row
        sequence += 1
        event = AuditEvent(
            sequence=sequence,
            at=at,
            action=action,
            outcome=outcome,
            actor=actor,
            user_id=user_id,
            client_id=client_id,
            address=address,
            request_id=request_id,
            details=details,
            previous_hash=previous,
            hash=b"",
        )
        event = replace(event, hash=hash_of(event))
        previous = event.hash
        events.append(event)
    rows = [values_in(audit_events, event) for event in events]
    await connection.execute(insert(audit_events), rows)
    await connection.execute(
        update(audit_head).where(head.name == "head").values(sequence=sequence, hash=previous)
    )
    return events


def _old_rows(*, before: datetime) -> Any:
    event_ids = select(outbox.event_id).where(outbox.sequenced_at < before).limit(2 * BATCH)
    return delete(audit_outbox).where(
        outbox.event_id.in_(event_ids.order_by(outbox.sequenced_at)), outbox.sequenced_at < before
    )
