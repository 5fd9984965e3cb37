"""Counts of tries, exact across workers: each is read and written under its row's lock."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.models.limit_counters import limit_counters
from app.repositories.inserts import upsert
from app.security.limit_rules import NOTHING, Count, Rule, lasts, taken_back, tried

counter = limit_counters.c
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
VALUES = ("window", "current", "previous", "strikes", "blocked_until", "expires_at")
CHANGE = (
    update(limit_counters)
    .where(counter.key == bindparam("of_key"))
    .values({name: bindparam(name) for name in VALUES})
)


class LimitCounterRepository:
    """Tries are counted before they are made, so that a hundred at once are not one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._first = upsert(database, limit_counters).on_conflict_do_nothing()

    async def take(self, tries: Sequence[tuple[Rule, str]], *, now: datetime) -> float:
        """Counts a try under each rule and key, or, where one of them refuses, under that alone.

        Gives the seconds to wait; zero where all allow it.
        """
        async with self._database.transaction() as connection:
            found = await self._locked(connection, [_key_of(*each) for each in tries], now=now)
            outcomes = [
                (_key_of(rule, name), rule, *tried(rule, count, now=now.timestamp()))
                for (rule, name), count in zip(tries, found, strict=True)
            ]
            wait = max(wait for *_, wait in outcomes)
            kept = [each for each in outcomes if not wait or each[3]]
            await self._store(
                connection, [(key, rule, count) for key, rule, count, _ in kept], now=now
            )
        return wait

    async def forgive(
        self, *, cleared: Sequence[tuple[Rule, str]], returned: Sequence[tuple[Rule, str]],
        now: datetime,
    ) -> None:  # fmt: skip
        """After a try that was right: forgets some keys, and takes one try back from others."""
        async with self._database.transaction() as connection:
            await connection.execute(
                delete(limit_counters).where(
                    counter.key.in_(sorted(_key_of(*each) for each in cleared))
                )
            )
            if not returned:
                return
            found = await self._locked(connection, [_key_of(*each) for each in returned], now=now)
            await self._store(
                connection,
                [
                    (_key_of(rule, name), rule, taken_back(count))
                    for (rule, name), count in zip(returned, found, strict=True)
                ],
                now=now,
            )

    async def _locked(
        self, connection: AsyncConnection, keys: Sequence[bytes], *, now: datetime
    ) -> list[Count]:
        """The counts of keys, whose rows are there and ours until the commit.

        In the order of the keys, so that no two callers wait for each other.
        """
        await connection.execute(
            self._first, [{"key": key, **_columns(NOTHING, LONG_AGO)} for key in sorted(keys)]
        )
        rows: Any = await connection.execute(
            select(limit_counters)
            .where(counter.key.in_(sorted(keys)))
            .order_by(counter.key)
            .with_for_update()
        )
        known = {
            bytes(row.key): Count(
                row.window, row.current, row.previous, row.strikes, row.blocked_until
            )
            for row in rows
            if row.expires_at > now
        }
        return [known.get(key, NOTHING) for key in keys]

    async def _store(
        self,
        connection: AsyncConnection,
        counts: Sequence[tuple[bytes, Rule, Count]],
        *,
        now: datetime,
    ) -> None:
        rows = []
        for key, rule, count in counts:
            seconds = lasts(rule, count, now=now.timestamp())
            expires_at = datetime.fromtimestamp(now.timestamp() + seconds, UTC)
            rows.append({"of_key": key, **_columns(count, expires_at)})
        if rows:
            await connection.execute(CHANGE, rows)


def _columns(count: Count, expires_at: datetime) -> dict[str, Any]:
    return {
        "window": count.window,
        "current": count.current,
        "previous": count.previous,
        "strikes": count.strikes,
        "blocked_until": count.blocked_until,
        "expires_at": expires_at,
    }


def _key_of(rule: Rule, name: str) -> bytes:
    """Names are of people and addresses: only their digest is kept."""
    said = f"{rule.name}\x00{name}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(said).digest()
