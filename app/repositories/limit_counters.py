"""Counts of tries, exact across workers: what was read is written only where nobody changed it.

Attempts of one process are counted one after the other, in batches. A batch reads what it needs,
and writes all that changed in one statement, which a row that another process changed meanwhile
has refused as a whole; then it is counted anew.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, case, update
from sqlalchemy.sql.dml import Insert

from app.database.batching import MicroBatch
from app.database.database import Database
from app.errors import OverloadedError
from app.models.limit_counters import limit_counters
from app.repositories.attempt_rows import AttemptLookup, AttemptRow, attempt_lookup, find_rows
from app.repositories.inserts import upsert
from app.security.limit_rules import NOTHING, Count, Rule, Try, lasts, tried, wait_for

counter = limit_counters.c
MILLISECONDS = 1000
COMPARED = (
    counter.window,
    counter.current,
    counter.previous,
    counter.strikes,
    counter.blocked_until,
)
ROUNDS = 100
"""Of two batches that collide one succeeds, so this is how many others may go first."""

Rows = Mapping[bytes, AttemptRow]
_Change = tuple[bytes, Rule, Count]


class _Attempt(NamedTuple):
    tries: Sequence[Try]
    now: datetime
    is_right: bool
    clears: bool
    forgets: Sequence[Try]


class LimitCounterRepository:
    """The store of limits where there is no other; see `app.services.limits.LimitStore`."""

    def __init__(self, database: Database, rows: AttemptLookup | None = None) -> None:
        self._database = database
        self._rows = rows or attempt_lookup(database)
        self._store = database.exchange(_unless_changed(database))
        self._batch: MicroBatch[_Attempt, float] = database.batch(
            self._take, in_flight=database.backend.concurrent_batches
        )

    async def wait(self, tries: Sequence[Try], *, now: datetime) -> float:
        """The seconds until a try may be made, by what is known without counting it."""
        rows = await find_rows(self._rows, keys_of(tries))
        waits = (
            wait_for(
                each.rule,
                _count(rows, _key(each), now),
                _count(rows, _turns_key(each), now) if each.turns is not None else None,
                now=now.timestamp(),
            )
            for each in tries
        )
        return max(waits, default=0.0)

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
        return await self._batch.submit(_Attempt(tries, now, is_right, clears, forgets))

    async def forget(self, tries: Sequence[Try], *, now: datetime) -> None:
        """Forget what was counted for these; costs a look-up where nothing was."""
        rows = await find_rows(self._rows, keys_of(tries))
        counted = [key for key in rows if _count(rows, key, now) != NOTHING]
        if counted:
            nothing = {each.name: 0 for each in COMPARED}
            await self._database.change(
                update(limit_counters)
                .where(counter.key.in_(counted))
                .values(**nothing, expires_at=now)
            )

    async def _take(self, attempts: list[_Attempt]) -> list[float | Exception]:
        keys = keys_of([each for one in attempts for each in (*one.tries, *one.forgets)])
        for _ in range(ROUNDS):
            rows = await find_rows(self._rows, keys)
            waits, changes = _judge(attempts, rows)
            if not changes or await self._store(changes):
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


def _judge(
    attempts: Sequence[_Attempt], rows: Rows
) -> tuple[list[float], Sequence[dict[str, Any]]]:
    """The seconds that each attempt has to wait, in their order, and the rows to write for it."""
    known = dict(rows)
    waits = []
    for one in attempts:
        allowed: list[_Change] = []
        refused: list[_Change] = []
        longest = 0.0
        for each in one.tries:
            changes, wait = _after(each, known, now=one.now, is_right=one.is_right)
            longest = max(longest, wait)
            (refused if wait else allowed).extend(changes)
        if one.is_right and not longest and one.clears:
            allowed = [
                (key, rule, NOTHING if rule.is_cleared_by_success else count)
                for key, rule, count in allowed
            ]
            allowed += [(key, each.rule, NOTHING) for each in one.forgets for key in _keys(each)]
        for key, rule, count in refused if longest else allowed:
            if count != _count(known, key, one.now):
                known[key] = _row(rule, count, one.now)
        waits.append(longest)
    changed = sorted(key for key, row in known.items() if row != rows.get(key))
    return waits, [_values(key, known[key], rows.get(key)) for key in changed]


def _after(each: Try, known: Rows, *, now: datetime, is_right: bool) -> tuple[list[_Change], float]:
    """What is remembered of a try, and the seconds to wait."""
    key, turns_key = _key(each), _turns_key(each)
    count, turns, wait = tried(
        each.rule,
        _count(known, key, now),
        _count(known, turns_key, now) if turns_key != key else None,
        now=now.timestamp(),
        is_right=is_right,
    )
    rows: list[_Change] = [(key, each.rule, count)]
    if turns is not None:
        rows.append((turns_key, each.rule, turns))
    return rows, wait


def _count(rows: Rows, key: bytes, now: datetime) -> Count:
    row = rows.get(key)
    if row is None or row.expires_at <= now:
        return NOTHING
    return Count(
        row.window, row.current, row.previous, row.strikes, row.blocked_until / MILLISECONDS
    )


def _row(rule: Rule, count: Count, now: datetime) -> AttemptRow:
    seconds = lasts(rule, count, now=now.timestamp())
    return AttemptRow(
        count.window,
        count.current,
        count.previous,
        count.strikes,
        round(count.blocked_until * MILLISECONDS),
        datetime.fromtimestamp(now.timestamp() + seconds, UTC),
    )


def _values(key: bytes, row: AttemptRow, known: AttemptRow | None) -> dict[str, Any]:
    before = known._asdict() if known is not None else dict.fromkeys(AttemptRow._fields)
    return {"key": key, **row._asdict(), **{f"known_{name}": before[name] for name in before}}


def keys_of(tries: Sequence[Try]) -> list[bytes]:
    return sorted({key for each in tries for key in _keys(each)})


def _keys(each: Try) -> tuple[bytes, bytes]:
    return _key(each), _turns_key(each)


def _key(each: Try) -> bytes:
    """Names are of people and addresses: only their digest is kept."""
    return _digest(each.rule.name, each.name)


def _turns_key(each: Try) -> bytes:
    if each.turns is None:
        return _key(each)
    return _digest(f"{each.rule.name} turns", each.turns)


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).digest()
