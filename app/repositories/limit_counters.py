"""Counts of tries, exact across workers: what was read is written only where nobody changed it.

Attempts of one process are counted one after the other, in batches. A batch reads what it needs,
and writes all that changed in one statement. The statement fails as a whole if another process
has changed one of the rows meanwhile; the batch is then counted again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, update
from sqlalchemy.sql.dml import Insert

from app.database.batching import MicroBatch
from app.database.database import Database
from app.errors import OverloadedError
from app.models.limit_counters import limit_counters
from app.repositories.attempt_rows import AttemptLookup, attempt_lookup, find_rows
from app.repositories.inserts import upsert
from app.security.limit_counts import Attempt, CountRow, is_counted, judge, keys_of, wait_by
from app.security.limit_rules import Try

counter = limit_counters.c
COMPARED = (
    counter.window,
    counter.current,
    counter.previous,
    counter.strikes,
    counter.blocked_until,
)
ROUNDS = 100
"""Of two batches that collide one succeeds, so this is how many others may go first."""


class LimitCounterRepository:
    """The store of limits where there is no other; see `app.services.limits.LimitStore`."""

    def __init__(self, database: Database, rows: AttemptLookup | None = None) -> None:
        self._database = database
        self._rows = rows or attempt_lookup(database)
        self._store = database.exchange(_unless_changed(database))
        self._batch: MicroBatch[Attempt, float] = database.batch(
            self._take, in_flight=database.backend.concurrent_batches
        )

    async def wait(self, tries: Sequence[Try], *, now: datetime) -> float:
        """The seconds until a try may be made, by what is known without counting it."""
        rows = await find_rows(self._rows, keys_of(tries))
        return wait_by(tries, rows, now=now)

    async def take(
        self,
        tries: Sequence[Try],
        *,
        now: datetime,
        is_right: bool,
        clears: bool,
        forgets: Sequence[Try] = (),
    ) -> float:
        """Counts a try that was made under each rule, or, where one of them refuses, only under
        those that do. Gives the seconds to wait; zero where all allow it, and its outcome may be
        told. A right one that `clears` has `forgets` forgotten too.
        """
        return await self._batch.submit(Attempt(tries, now, is_right, clears, forgets))

    async def forget(self, tries: Sequence[Try], *, now: datetime) -> None:
        """Forget what was counted for these; costs a look-up where nothing was."""
        rows = await find_rows(self._rows, keys_of(tries))
        counted = [key for key in rows if is_counted(rows, key, now=now)]
        if counted:
            nothing = {each.name: 0 for each in COMPARED}
            await self._database.change(
                update(limit_counters)
                .where(counter.key.in_(counted))
                .values(**nothing, expires_at=now)
            )

    async def _take(self, attempts: list[Attempt]) -> list[float | Exception]:
        keys = keys_of([each for one in attempts for each in (*one.tries, *one.forgets)])
        for _ in range(ROUNDS):
            rows = await find_rows(self._rows, keys)
            waits, changed = judge(attempts, rows)
            values = [_values(key, changed[key], rows.get(key)) for key in sorted(changed)]
            if not values or await self._store(values):
                return list(waits)
        raise OverloadedError


def _unless_changed(database: Database) -> Insert:
    """Store a count, unless it is not the one any more that was read: then the column may not be
    null, and the whole statement is refused."""
    row = upsert(database, limit_counters)
    is_unchanged = and_(
        *(each == bindparam(f"known_{each.name}", type_=each.type) for each in COMPARED)
    )
    values = {each.name: row.excluded[each.name] for each in (*COMPARED[1:], counter.expires_at)}
    stored: Insert = row.on_conflict_do_update(
        index_elements=[counter.key],
        set_={"window": case((is_unchanged, row.excluded.window)), **values},
    )
    return stored


def _values(key: bytes, row: CountRow, known: CountRow | None) -> dict[str, Any]:
    before = known._asdict() if known is not None else dict.fromkeys(CountRow._fields)
    return {"key": key, **row._asdict(), **{f"known_{name}": before[name] for name in before}}
