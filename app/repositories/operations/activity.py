"""Queries about what the server does: sums by the hour, written in batches with the refusals."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, literal, select, tuple_

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.operations.activity import (
    ActivityCount,
    StoredRefusal,
    activity_counts,
    refusals,
)
from app.repositories.inserts import upsert, values_in

counted = activity_counts.c
RETAINED_FOR = timedelta(days=90)


class ActivityRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(
        self,
        refused: Sequence[StoredRefusal],
        counts: Mapping[tuple[str, str], int],
        *,
        hour: datetime,
    ) -> None:
        """Store refusals, and add counts by kind and key to those of an hour."""
        statement = upsert(self._database, activity_counts)
        rows = [
            {"hour": hour, "kind": kind, "key": key, "count": count}
            for (kind, key), count in sorted(counts.items())  # in one order, so none waits
        ]
        async with self._database.transaction() as connection:
            if refused:
                stored = [values_in(refusals, each) for each in refused]
                await connection.execute(insert(refusals), stored)
            if rows:
                await connection.execute(
                    statement.on_conflict_do_update(
                        index_elements=[counted.hour, counted.kind, counted.key],
                        set_={"count": counted.count + statement.excluded.count},
                    ),
                    rows,
                )

    async def list_hours(
        self, kind: str, *, since: datetime, keys: Sequence[str] | None = None
    ) -> Sequence[ActivityCount]:
        """Return the sums of a kind by hour and key, oldest first; only of `keys` if given."""
        query = (
            select(counted.hour, counted.key, counted.count)
            .where(counted.hour >= since, counted.kind == kind)
            .order_by(counted.hour, counted.key)
        )
        if keys is not None:
            query = query.where(counted.key.in_(keys))
        return await self._database.find_all(query, value=ActivityCount)

    async def list_totals(self, kind: str, *, since: datetime) -> Sequence[ActivityCount]:
        """Return the sums of a kind by hour for all keys together, oldest first."""
        return await self._database.find_all(
            select(counted.hour, literal(""), func.sum(counted.count))
            .where(counted.hour >= since, counted.kind == kind)
            .group_by(counted.hour)
            .order_by(counted.hour),
            value=_total,
        )

    async def list_top(self, kind: str, *, since: datetime, limit: int) -> Sequence[ActivityCount]:
        """Return the keys of a kind with the highest sums; `hour` is the first one of each."""
        total = func.sum(counted.count)
        return await self._database.find_all(
            select(func.min(counted.hour), counted.key, total)
            .where(counted.hour >= since, counted.kind == kind, counted.key != "")
            .group_by(counted.key)
            .order_by(total.desc(), counted.key)
            .limit(limit),
            value=_total,
        )

    @retries_on_lock
    async def delete_old(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` sums that are older than 90 days, and return how many."""
        key = tuple_(counted.hour, counted.kind, counted.key)
        old = (
            select(counted.hour, counted.kind, counted.key)
            .where(counted.hour < before - RETAINED_FOR)
            .order_by(counted.hour)
            .limit(limit)
        )
        async with self._database.transaction() as connection:
            result = await connection.execute(delete(activity_counts).where(key.in_(old)))
        return result.rowcount


def _total(hour: datetime, key: str, count: int) -> ActivityCount:
    """Return a sum; PostgreSQL gives those of large integers as decimals."""
    return ActivityCount(hour, key, int(count))
