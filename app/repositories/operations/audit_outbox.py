"""Writing audit events: in the transaction of a change, or alone in a batched step."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Insert, insert
from sqlalchemy.engine import Dialect, Row
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from app.database.commits import set_witness
from app.database.constraints import Unique
from app.database.database import Database
from app.models.accounts.prepared_accounts import prepared_accounts
from app.models.operations.audit_outbox import NewEvent, audit_outbox
from app.repositories.inserts import insert_once, upsert

outbox = audit_outbox.c
NAMES = tuple(column.name for column in outbox if column is not outbox.sequenced_at)
INSERT = insert(audit_outbox)
NEW_EVENT = (audit_outbox, {outbox[name]: f"audit_{name}" for name in NAMES})
"""The row of an event that a `Creation` stores with its row. Its values are `values_of_event`."""
TYPES_OF_EVENT = {f"audit_{name}": outbox[name] for name in NAMES}


class AuditOutboxRepository:
    """Writes events that do not belong to a change, such as a failed sign-in."""

    def __init__(self, database: Database) -> None:
        self._add = database.step(
            insert_once(database, audit_outbox, user_id="user_id", client_id="client_id"),
            order="event_id",
        )

    async def add(self, event: NewEvent) -> None:
        """Write an event. Concurrent events share one round trip and do not wait for the chain."""
        await self._add(**_values_of(event))


async def write_events(connection: AsyncConnection, *events: NewEvent) -> None:
    """Write events in the transaction of the change that they record.

    The first event is the witness: if the connection is lost, its row shows whether the transaction
    was committed.
    """
    if not events:
        return
    rows = [_values_of(event) for event in events]
    await connection.execute(INSERT, rows[0] if len(rows) == 1 else rows)
    await _note_prepared(connection, events)
    await set_witness(connection, partial(_insert_again, connection.dialect, rows[0]))


async def _note_prepared(connection: AsyncConnection, events: Sequence[NewEvent]) -> None:
    """Note the accounts for which someone may hold a credential after these acts."""
    since = {
        event.user_id: event.at
        for event in events
        if event.is_preparation and event.user_id is not None
    }
    for user_id, at in sorted(since.items()):
        await connection.execute(
            upsert(connection, prepared_accounts)
            .values(user_id=user_id, since=at)
            .on_conflict_do_nothing()
        )


async def change_with_event(
    database: Database, statement: UpdateBase, event: NewEvent | None, *expected: Unique
) -> Sequence[Row[Any]]:
    """Execute a statement with RETURNING, write its event if it returned rows, and return the rows.

    `expected` is the same as in `Database.transaction`.
    """

    async def change() -> Sequence[Row[Any]]:
        async with database.transaction(*expected) as connection:
            rows = (await connection.execute(statement)).all()
            if rows and event is not None:
                await write_events(connection, event)
        return rows

    return await database.retry_on_lock(f"change of {statement.table}", change)


def values_of_event(event: NewEvent) -> dict[str, Any]:
    """Return values of `NEW_EVENT`, by their names; a preparation needs `write_events` instead."""
    if event.is_preparation:
        raise ValueError(event.action)
    return {f"audit_{name}": getattr(event, name) for name in NAMES}


def _insert_again(dialect: Dialect, row: dict[str, Any]) -> Insert:
    statement: Insert = (
        upsert(dialect, audit_outbox)
        .values(row)
        .on_conflict_do_nothing(index_elements=[outbox.event_id])
        .returning(outbox.event_id)
    )
    return statement


def _values_of(event: NewEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in NAMES}
