"""One transaction over everything that a file of desired state changes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Table, select

from app.database.database import Database
from app.database.joined import joined_by
from app.database.lock_retries import retries_on_lock

Result = TypeVar("Result")
VersionedTable = Table
"""A table with a version in each row."""
Work = Callable[[], Awaitable[Result]]


class _UndoneError(Exception):
    """Roll back the transaction of a rehearsal."""


class DesiredStateRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def run(self, work: Work[Result], *, is_rehearsal: bool = False) -> Result:
        """Do work that calls other repositories, all or nothing, and return its result.

        The work is done again if it runs into a lock. A rehearsal is rolled back at its end.
        """
        results: list[Result] = []
        try:
            async with self._database.transaction() as connection:
                with joined_by(connection):
                    results.append(await work())
                if is_rehearsal:
                    raise _UndoneError
        except _UndoneError:
            pass
        return results[0]

    async def lock(self, table: VersionedTable, versions: Mapping[str, int]) -> bool:
        """Lock rows of a table by their ids, as a part of the work of `run`.

        Return False if a row was deleted or has another version.
        """
        (key,) = table.primary_key.columns
        rows: Sequence[Any] = await self._database.fetch_all(
            select(key, table.c.version)
            .where(key.in_(sorted(versions)))
            .order_by(key)
            .with_for_update()
        )
        return {row[0]: row[1] for row in rows} == dict(versions)
