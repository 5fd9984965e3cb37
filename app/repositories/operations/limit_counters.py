"""Counts of attempts, exact across workers: a row is written only if it is unchanged since read.

Attempts of one process are counted one after the other, in batches. A batch reads the rows it
needs, and writes all changed rows in one statement. The statement fails as a whole if another
process has changed one of the rows meanwhile; the batch is then counted again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, update
from sqlalchemy.sql.dml import Insert

from app.database.batching import MicroBatch
from app.database.database import Database
from app.errors import OverloadedError
from app.models.operations.limit_counters import limit_counters
from app.repositories.inserts import upsert
from app.repositories.operations.attempt_rows import AttemptLookup, attempt_lookup, find_rows
from app.security.limit_counts import CountRow, is_counted, judge, keys_of, wait_by
from app.security.limit_rules import Attempt, AttemptOutcome, LimitStore

counter = limit_counters.c
COMPARED = (
    counter.window,
    counter.current,
    counter.previous,
    counter.strikes,
    counter.blocked_until,
)
ROUNDS = 100
"""How often a batch is counted before it fails with `OverloadedError`.

Of two colliding batches one succeeds, so this is how many other batches can go first.
"""


class LimitCounterRepository(LimitStore):
    """The default store of rate limits."""

    def __init__(self, database: Database, rows: AttemptLookup | None = None) -> None:
        self._database = database
        self._rows = rows or attempt_lookup(database)
        self._store = database.exchange(_unless_changed(database))
        self._batch: MicroBatch[AttemptOutcome, float] = database.batch(
            self._take, in_flight=database.backend.concurrent_batches
        )

    async def wait(self, attempts: Sequence[Attempt], *, now: datetime) -> float:
        rows = await find_rows(self._rows, keys_of(attempts))
        return wait_by(attempts, rows, now=now)

    async def take(self, outcome: AttemptOutcome) -> float:
        return await self._batch.submit(outcome)

    async def forget(self, attempts: Sequence[Attempt], *, now: datetime) -> None:
        rows = await find_rows(self._rows, keys_of(attempts))
        counted = [key for key in rows if is_counted(rows, key, now=now)]
        if counted:
            zeros = {column.name: 0 for column in COMPARED}
            await self._database.change(
                update(limit_counters)
                .where(counter.key.in_(counted))
                .values(**zeros, expires_at=now)
            )

    async def _take(self, outcomes: list[AttemptOutcome]) -> list[float | Exception]:
        keys = keys_of(
            [attempt for each in outcomes for attempt in (*each.attempts, *each.forgets)]
        )
        for _ in range(ROUNDS):
            rows = await find_rows(self._rows, keys)
            waits, changed = judge(outcomes, rows)
            values = [_values(key, changed[key], rows.get(key)) for key in sorted(changed)]
            if not values or await self._store(values):
                return list(waits)
        raise OverloadedError


def _unless_changed(database: Database) -> Insert:
    """Return an upsert that stores a count only if the row has not changed since it was read.

    Otherwise it sets `window` to NULL, which the column does not allow, so that the database
    rejects the whole statement.
    """
    row = upsert(database, limit_counters)
    is_unchanged = and_(
        *(column == bindparam(f"known_{column.name}", type_=column.type) for column in COMPARED)
    )
    values = {
        column.name: row.excluded[column.name] for column in (*COMPARED[1:], counter.expires_at)
    }
    statement: Insert = row.on_conflict_do_update(
        index_elements=[counter.key],
        set_={"window": case((is_unchanged, row.excluded.window)), **values},
    )
    return statement


def _values(key: bytes, row: CountRow, known: CountRow | None) -> dict[str, Any]:
    before = known._asdict() if known is not None else dict.fromkeys(CountRow._fields)
    return {"key": key, **row._asdict(), **{f"known_{name}": before[name] for name in before}}
