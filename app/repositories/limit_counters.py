"""Counts of tries, exact across workers: whoever tries has his turn at each name's lock.

The lock is not that of a row, since the first tries find none: SQLite has one writer, and
PostgreSQL gives locks for numbers.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.models.limit_counters import limit_counters
from app.repositories.inserts import upsert
from app.security.limit_rules import NOTHING, Count, Rule, Try, lasts, left_of, tried

counter = limit_counters.c
MILLISECONDS = 1000
VALUES = ("window", "current", "previous", "strikes", "blocked_until", "expires_at")
LOCK = text(  # in one order, so that no two callers wait for each other
    "SELECT pg_advisory_xact_lock(each.key)"
    " FROM (SELECT unnest(cast(:keys AS bigint[])) AS key ORDER BY 1) AS each"
)

_Row = tuple[bytes, Rule, Count]


class LimitCounterRepository:
    """The store of limits where there is no other; see `app.services.limits.LimitStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_key = database.lookup(
            select(counter.key, counter.blocked_until),
            key=counter.key,
            value=lambda _key, blocked_until: Count(blocked_until=blocked_until / MILLISECONDS),
        )
        row = upsert(database, limit_counters)
        self._store = row.on_conflict_do_update(
            index_elements=[counter.key], set_={name: row.excluded[name] for name in VALUES}
        )

    async def wait(self, tries: Sequence[Try], *, now: datetime) -> float:
        """The seconds until a try may be made, by what is known without counting it."""
        waits = [
            left_of(each.rule, found, now=now.timestamp())
            for each in tries
            if (found := await self._by_key(_turns_key(each))) is not None
        ]
        return max(waits, default=0.0)

    async def take(
        self, tries: Sequence[Try], *, now: datetime, is_right: bool, clears: bool
    ) -> float:
        """Counts a try that was made under each rule, or, where one of them refuses, only under
        those that do. Gives the seconds to wait; zero where all allow it, and its outcome may be
        told.
        """
        keys = sorted({key for each in tries for key in (_key(each), _turns_key(each))})
        async with self._database.transaction() as connection:
            known = await self._locked(connection, keys, now=now)
            allowed: list[_Row] = []
            refused: list[_Row] = []
            longest = 0.0
            for each in tries:
                rows, wait = _after(each, known, now=now, is_right=is_right)
                longest = max(longest, wait)
                (refused if wait else allowed).extend(rows)
            if is_right and not longest and clears:
                allowed = [
                    (key, rule, NOTHING if rule.is_cleared_by_success else count)
                    for key, rule, count in allowed
                ]
            changed = [
                {"key": key, **_columns(rule, count, now)}
                for key, rule, count in (refused if longest else allowed)
                if count != known.get(key, NOTHING) and (key in known or not count.is_empty)
            ]
            if changed:
                await connection.execute(self._store, changed)
        return longest

    async def forget(self, tries: Sequence[Try], *, now: datetime) -> None:
        """Forget what was counted for these; costs a look-up each where nothing was."""
        keys = sorted({key for each in tries for key in (_key(each), _turns_key(each))})
        counted = [key for key in keys if await self._by_key(key) is not None]
        if not counted:
            return
        async with self._database.transaction() as connection:
            await self._locked(connection, counted, now=now)
            await connection.execute(delete(limit_counters).where(counter.key.in_(counted)))

    async def _locked(
        self, connection: AsyncConnection, keys: Sequence[bytes], *, now: datetime
    ) -> dict[bytes, Count]:
        """The counts that there are, nobody else's until the commit."""
        if self._database.backend.name == "postgresql":
            numbers = [int.from_bytes(key[:8], "big", signed=True) for key in keys]
            await connection.execute(LOCK, {"keys": numbers})
        rows: Any = await connection.execute(
            select(limit_counters).where(counter.key.in_(keys), counter.expires_at > now)
        )
        return {
            bytes(row.key): Count(
                row.window,
                row.current,
                row.previous,
                row.strikes,
                row.blocked_until / MILLISECONDS,
            )
            for row in rows
        }


def _after(
    each: Try, known: dict[bytes, Count], *, now: datetime, is_right: bool
) -> tuple[list[_Row], float]:
    """What is remembered of a try, and the seconds to wait."""
    key, turns_key = _key(each), _turns_key(each)
    count, turns, wait = tried(
        each.rule,
        known.get(key, NOTHING),
        known.get(turns_key, NOTHING) if turns_key != key else None,
        now=now.timestamp(),
        is_right=is_right,
    )
    rows: list[_Row] = [(key, each.rule, count)]
    if turns is not None:
        rows.append((turns_key, each.rule, turns))
    return rows, wait


def _columns(rule: Rule, count: Count, now: datetime) -> dict[str, Any]:
    seconds = lasts(rule, count, now=now.timestamp())
    return {
        "window": count.window,
        "current": count.current,
        "previous": count.previous,
        "strikes": count.strikes,
        "blocked_until": round(count.blocked_until * MILLISECONDS),
        "expires_at": datetime.fromtimestamp(now.timestamp() + seconds, UTC),
    }


def _key(each: Try) -> bytes:
    """Names are of people and addresses: only their digest is kept."""
    return _digest(each.rule.name, each.name)


def _turns_key(each: Try) -> bytes:
    if each.turns is None:
        return _key(each)
    return _digest(f"{each.rule.name} turns", each.turns)


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).digest()
