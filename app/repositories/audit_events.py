"""The audit log: appended in the order of a chain, read in pages, never changed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, insert, or_, select, update

from app.database.batching import MicroBatch
from app.database.database import Database
from app.models.audit_deletions import AuditDeletion, audit_deletions
from app.models.audit_events import AuditEvent, audit_events, audit_head
from app.repositories.inserts import values_in

event, head = audit_events.c, audit_head.c
PAGE = 500


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that has no place in the chain yet."""

    at: datetime
    action: str
    outcome: str
    actor: str
    user_id: str | None
    client_id: str | None
    address: str
    request_id: str
    details: str


class Head(NamedTuple):
    """The last event: its number, zero before the first, and its hash."""

    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: of a person, whether he did it or it was done to him, not before a moment,
    and by the beginning of their action."""

    user_id: str | None = None
    since: datetime | None = None
    action: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.user_id is not None:
            found.append(or_(event.user_id == self.user_id, event.actor == f"user:{self.user_id}"))
        if self.since is not None:
            found.append(event.at >= self.since)
        if self.action is not None:
            found.append(event.action.startswith(self.action, autoescape=True))
        return found


EVERYTHING = Wanted()


class AuditRepository:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._batch: MicroBatch[NewEvent, None] = database.batch(self._append)

    async def append(self, made: NewEvent) -> None:
        """Stores an event at the end of the chain. Events that come together share a commit."""
        await self._batch.submit(made)

    async def read_head(self) -> Head:
        row = await self._database.fetch_one(select(head.sequence, head.hash))
        return Head(row.sequence, row.hash) if row is not None else Head(0, b"")

    async def list_deletions(self) -> Sequence[AuditDeletion]:
        """The heads of the chains that downgrades deleted, the newest first."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(audit_deletions).order_by(audit_deletions.c.sequence.desc())
        )
        return [AuditDeletion(*row) for row in rows]

    async def list_page(
        self, wanted: Wanted = EVERYTHING, *, after: int = 0, limit: int = PAGE
    ) -> Sequence[AuditEvent]:
        """Events in the order of the chain."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(audit_events)
            .where(event.sequence > after, *wanted.conditions())
            .order_by(event.sequence)
            .limit(limit)
        )
        return [AuditEvent(*row) for row in rows]

    async def list_of_user(
        self, user_id: str, *, before: int | None = None, limit: int = PAGE
    ) -> Sequence[AuditEvent]:
        """What happened to a person, the newest first."""
        statement = select(audit_events).where(event.user_id == user_id)
        if before is not None:
            statement = statement.where(event.sequence < before)
        rows: Sequence[Any] = await self._database.fetch_all(
            statement.order_by(event.sequence.desc()).limit(limit)
        )
        return [AuditEvent(*row) for row in rows]

    async def _append(self, made: list[NewEvent]) -> list[Exception | None]:
        async with self._database.transaction() as connection:
            row = (
                await connection.execute(
                    select(head.sequence, head.hash).where(head.name == "head").with_for_update()
                )
            ).one()
            sequence, previous = int(row.sequence), bytes(row.hash)
            events = []
            for each in made:
                sequence += 1
                linked = AuditEvent(
                    sequence=sequence, previous_hash=previous, hash=b"", **asdict(each)
                )
                linked = replace(linked, hash=hash_of(linked))
                previous = linked.hash
                events.append(values_in(audit_events, linked))
            await connection.execute(insert(audit_events), events)
            await connection.execute(
                update(audit_head)
                .where(head.name == "head")
                .values(sequence=sequence, hash=previous)
            )
        return [None] * len(made)


def hash_of(linked: AuditEvent) -> bytes:
    """Binds an event to all that came before (SHA-256 over its columns and the previous hash)."""
    said = [
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
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).digest()
