"""Leases, which assign a task to one worker at a time, by the clock of the database."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_

from app.database.database import Database
from app.models.operations.leases import leases
from app.repositories.inserts import upsert

SQLITE_INSTANT = "%Y-%m-%d %H:%M:%f000+00:00"
"""The format in which `Instant` stores a time; SQLite's clock has millisecond precision."""


class LeaseRepository:
    """Leases. All workers use one clock, so a wrong clock on a worker does not extend a lease."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, name: str, holder: str, *, lasts: timedelta) -> bool:
        """Take or renew a lease; return False while another worker holds it.

        A lease that expires later than `lasts` from now was taken under a wrong clock, so it can be
        taken over.
        """
        now, ends = self._now(), self._now(lasts)
        rows = await self._database.change(
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
        return bool(rows)

    async def give_back(self, name: str, holder: str) -> None:
        """End a lease, so that another worker does not have to wait for its expiry."""
        await self._database.change(
            delete(leases).where(leases.c.name == name, leases.c.holder == holder)
        )

    def _now(self, later: timedelta = timedelta(0)) -> ColumnElement[Any]:
        """Return the time of the database, plus `later`.

        On PostgreSQL `now()` is the start of the transaction, so it is not used: a transaction that
        waited for another worker's lease would mistake it for one taken under a wrong clock.
        """
        if self._database.backend.name == "sqlite":
            seconds = f"{later.total_seconds():+.3f} seconds"
            return func.strftime(SQLITE_INSTANT, "now", seconds)
        return func.clock_timestamp() + later
