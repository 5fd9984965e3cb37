"""Leases: which worker does a task that only one may do at a time, by the clock of the database."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_

from app.database.database import Database
from app.models.leases import leases
from app.repositories.inserts import upsert

SQLITE_INSTANT = "%Y-%m-%d %H:%M:%f000+00:00"
"""An instant as `Instant` stores it; SQLite tells milliseconds."""


class LeaseRepository:
    """All workers go by one clock: a wrong one of their own does not prolong a lease."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, name: str, holder: str, *, lasts: timedelta) -> bool:
        """Take or renew a lease; return False while another worker holds it.

        A lease that lasts longer than that is of a clock that was wrong: it can be taken.
        """
        now, ends = self._now(), self._now(lasts)
        taken = await self._database.change(
            upsert(self._database, leases)
            .values(name=name, holder=holder, expires_at=ends)
            .on_conflict_do_update(
                index_elements=[leases.c.name],
                set_={"holder": holder, "expires_at": ends},
                where=or_(
                    leases.c.holder == holder,
                    leases.c.expires_at < now,
                    leases.c.expires_at > ends,
                ),
            )
            .returning(leases.c.name)
        )
        return bool(taken)

    async def give_back(self, name: str, holder: str) -> None:
        """End a lease, so that another worker need not wait until it expires."""
        await self._database.change(
            delete(leases).where(leases.c.name == name, leases.c.holder == holder)
        )

    def _now(self, later: timedelta = timedelta(0)) -> ColumnElement[Any]:
        """The time of the database, or a moment that is later.

        On PostgreSQL `now()` is when the transaction began. One that waited for another's lease
        would take that lease for one of a wrong clock.
        """
        if self._database.backend.name == "sqlite":
            seconds = f"{later.total_seconds():+.3f} seconds"
            return func.strftime(SQLITE_INSTANT, "now", seconds)
        return func.clock_timestamp() + later
