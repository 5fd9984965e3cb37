"""Queries about the audit log: a numbered chain of events, read in pages, never changed."""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Select, func, literal, or_, select, union_all

from app.database.database import Database
from app.models.operations.audit_deletions import AuditDeletion, audit_deletions
from app.models.operations.audit_events import AuditEvent, audit_events, audit_head
from app.models.operations.audit_outbox import audit_outbox

event, head, outbox = audit_events.c, audit_head.c, audit_outbox.c
PAGE = 500
WAITING = 0
"""The number of an event that has not been numbered yet."""


class Head(NamedTuple):
    """The number and the hash of the last event; the number is 0 if the log is empty."""

    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter for events.

    `user_id` and `client_id` select events that the user or client performed or was affected by,
    `since` the events from that time on, `until` those before a time, and `action` is a prefix of
    the events' actions.
    """

    user_id: str | None = None
    client_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    action: str | None = None

    def conditions(self, table: FromClause, database: Database) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        column = table.c
        if self.user_id is not None:
            actor = f"user:{self.user_id}"
            conditions.append(or_(column.user_id == self.user_id, column.actor == actor))
        if self.client_id is not None:
            actor = f"client:{self.client_id}"
            conditions.append(or_(column.client_id == self.client_id, column.actor == actor))
        if self.since is not None:
            conditions.append(column.at >= self.since)
        if self.until is not None:
            conditions.append(column.at < self.until)
        if self.action is not None:
            conditions.extend(_begins_with(self.action, column.action, database))
        return conditions


EVERYTHING = Wanted()


def _begins_with(
    prefix: str, column: ColumnElement[Any], database: Database
) -> tuple[ColumnElement[bool], ...]:
    """Return conditions for a prefix that use the index.

    On PostgreSQL the index compares bytes, whatever the collation of the database.
    """
    after = prefix + chr(sys.maxunicode)
    if database.backend.name == "postgresql":
        return column.op("~>=~")(prefix), column.op("~<~")(after)
    return column >= prefix, column < after


class AuditEventRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def read_head(self) -> Head:
        newest = await self._database.find_one(select(head.sequence, head.hash), value=Head)
        return newest if newest is not None else Head(0, b"")

    async def list_deletions(self) -> Sequence[AuditDeletion]:
        """Return the heads of the chains that downgrades deleted, newest first."""
        return await self._database.find_all(
            select(audit_deletions).order_by(audit_deletions.c.sequence.desc()),
            value=AuditDeletion,
        )

    async def list_page(
        self, wanted: Wanted = EVERYTHING, *, after: int = 0, limit: int = PAGE
    ) -> Sequence[AuditEvent]:
        """Return a page of events in the order of the chain, beginning after the number `after`."""
        return await self._database.find_all(
            select(audit_events)
            .where(event.sequence > after, *wanted.conditions(audit_events, self._database))
            .order_by(event.sequence)
            .limit(limit),
            value=AuditEvent,
        )

    async def list_waiting(self, wanted: Wanted = EVERYTHING) -> Sequence[AuditEvent]:
        """Return the events that have not been numbered yet, oldest first."""
        return await self._database.find_all(
            _waiting()
            .where(*wanted.conditions(audit_outbox, self._database))
            .order_by(outbox.event_id),
            value=_event_before_id,
        )

    async def count_waiting(self) -> int:
        return await self._database.count(select(func.count()).where(outbox.sequenced_at.is_(None)))

    async def list_of_user(
        self, user_id: str, *, before: int | None = None, limit: int = PAGE
    ) -> Sequence[AuditEvent]:
        """Return the events that affected a user, newest first.

        The first page begins with all events that have not been numbered yet.
        """
        return await self._list_newest(
            [event.user_id == user_id], [outbox.user_id == user_id], before=before, limit=limit
        )

    async def list_newest(
        self, wanted: Wanted = EVERYTHING, *, before: int | None = None, limit: int = PAGE
    ) -> Sequence[AuditEvent]:
        """Return a page of events, newest first; the first page is that of `list_of_user`."""
        return await self._list_newest(
            wanted.conditions(audit_events, self._database),
            wanted.conditions(audit_outbox, self._database),
            before=before,
            limit=limit,
        )

    async def _list_newest(
        self,
        chained: Sequence[ColumnElement[bool]],
        waiting: Sequence[ColumnElement[bool]],
        *,
        before: int | None,
        limit: int,
    ) -> Sequence[AuditEvent]:
        is_on_page = event.sequence > WAITING if before is None else event.sequence < before
        page = select(audit_events, literal("").label("event_id")).where(is_on_page, *chained)
        page = page.order_by(event.sequence.desc()).limit(limit)
        statement: Any = page
        if before is None:  # one statement, so that an event numbered meanwhile occurs once
            statement = union_all(select(page.subquery()), _waiting().where(*waiting))
        rows: Sequence[Any] = await self._database.fetch_all(statement)
        newest_first = sorted(rows, key=lambda row: (row.event_id, row.sequence), reverse=True)
        return [_event_before_id(*row) for row in newest_first]


def _event_before_id(*columns: Any) -> AuditEvent:
    return AuditEvent(*columns[:-1])


def _waiting() -> Select[Any]:
    """Return a query for the unnumbered events: the columns of the chain, then `event_id`."""
    values: dict[str, ColumnElement[Any]] = {
        **outbox,
        "sequence": literal(WAITING, event.sequence.type),
        "previous_hash": literal(b"", event.hash.type),
        "hash": literal(b"", event.hash.type),
    }
    columns = [values[column.name] for column in audit_events.columns]
    return select(*columns, outbox.event_id).where(outbox.sequenced_at.is_(None))


def hash_of(linked: AuditEvent) -> bytes:
    """Return the hash that links an event to all earlier ones.

    It is the SHA-256 over the columns of the event and the previous hash.
    """
    fields = [
        linked.previous_hash.hex(),
        linked.sequence,
        linked.at.isoformat(timespec="microseconds"),
        linked.action,
        linked.outcome,
        linked.actor,
        linked.user_id,
        linked.client_id,
        linked.address,
        linked.request_id,
        linked.details,
    ]
    return hashlib.sha256(json.dumps(fields, separators=(",", ":")).encode()).digest()
