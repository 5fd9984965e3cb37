"""The SQLite implementation of `Backend`."""

import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from app.concurrency.deadline import seconds_left
from app.concurrency.places import Places
from app.database import all_or_none, commits, sqlite
from app.database.backends import SECONDS_BESIDE_A_STATEMENT, FindAtOnce
from app.database.claims import CompiledClaim
from app.database.engines import sqlite_engines
from app.database.errors import RowLockedError
from app.database.lock_retries import LockRetries
from app.database.retries import Retries
from app.database.statements import (
    CompiledLookup,
    CompiledOutcome,
    CompiledStatement,
    Found,
    Written,
)
from app.errors import DatabaseUnavailableError

Result = TypeVar("Result")


class SqliteBackend:
    """SQLite backend: one writer in this process; the busy timeout waits for other processes."""

    name = "sqlite"
    concurrent_batches = 1

    def __init__(
        self, path: Path, *, pool_size: int, busy_timeout: float, synchronous: str
    ) -> None:
        self.path = path
        self.engines = sqlite_engines(
            path, pool_size=pool_size, busy_timeout=busy_timeout, synchronous=synchronous
        )
        self.dialect: Dialect = sqlite_dialect.dialect()
        self.time_limit = busy_timeout + SECONDS_BESIDE_A_STATEMENT
        self.reading_places, self.writing_places = Places(1), Places(1)
        self.retries: Retries | None = None
        self.lock_retries: LockRetries | None = None
        self._busy_timeout = self._busy_timeout_now = busy_timeout
        thread = partial(
            sqlite.SqliteThread,
            path,
            busy_timeout=min(busy_timeout, sqlite.PATIENCE_SECONDS),
            synchronous=synchronous,
        )
        self._quick_reader = sqlite.QuickReader(path, synchronous=synchronous)
        self.find_at_once: FindAtOnce | None = self._quick_reader.find
        self._reader = thread(name="sqlite-reader")
        self._writer = thread(name="sqlite-writer")

    def writing(self) -> AbstractAsyncContextManager[None]:
        """Return a context manager that admits one writer at a time; batches take precedence."""
        return self.writing_places.taken(
            within=seconds_left(otherwise=self.time_limit), late=DatabaseUnavailableError
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction; waiting for other writers or the file lock is limited to the
        remaining time of the request.
        """
        async with self.writing(), self.engines.writer.connect() as connection:
            await self._limit_waiting(connection)
            async with connection.begin() as transaction:
                yield connection
                await commits.commit(transaction, connection, within=None)

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self.engines.reader.connect()

    async def _limit_waiting(self, connection: AsyncConnection) -> None:
        """Limit the wait for the file lock to the remaining time of the request."""
        busy_timeout = min(self._busy_timeout, seconds_left(otherwise=self._busy_timeout))
        if busy_timeout == self._busy_timeout_now:
            return
        raw_connection = await connection.get_raw_connection()
        cursor = await raw_connection.driver_connection.execute(  # type: ignore[union-attr]  # it is connected, so not None
            f"PRAGMA busy_timeout = {int(busy_timeout * 1000)}"
        )
        await cursor.close()
        self._busy_timeout_now = busy_timeout

    async def look_up(
        self, lookup: CompiledLookup, keys: Sequence[Any], *, again: bool = False
    ) -> Found:
        return await self._reader.run(lambda connection: sqlite.look_up(connection, lookup, keys))

    async def write(
        self,
        statements: Sequence[CompiledStatement] | CompiledClaim,
        rows: Sequence[Mapping[str, Any]],
        outcome: CompiledOutcome | None,
        *,
        again: bool = False,
    ) -> Written:
        return await self._writer.run(
            lambda connection: sqlite.write(connection, statements, rows, outcome)
        )

    async def start_threads(self) -> None:
        await self._reader.start()
        await self._writer.start()

    async def warm_up(self) -> None:
        async with self.engines.reader.connect(), self.engines.writer.connect():
            pass

    async def examine(self) -> None:
        """Check the file, which may have been deleted, replaced or damaged since it was opened."""
        async with self.writing():
            await self._writer.run_apart(
                partial(sqlite.examine, self.path, busy_timeout=self._busy_timeout)
            )

    async def try_write(self, statement: CompiledStatement, row: Mapping[str, Any]) -> None:
        await self._write_alone(lambda connection: sqlite.try_write(connection, statement, row))

    async def exchange(
        self, statement: CompiledStatement, rows: Sequence[Mapping[str, Any]]
    ) -> bool:
        return await self._write_alone(
            lambda connection: all_or_none.on_sqlite(connection, statement, rows)
        )

    async def _write_alone(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run `work` as the only writer; wait for the file lock in slices so batches can run."""
        limit = time.perf_counter() + seconds_left(otherwise=self._busy_timeout)
        while True:
            async with self.writing():
                with suppress(RowLockedError):
                    return await self._writer.run(work)
            if time.perf_counter() >= limit:
                raise DatabaseUnavailableError

    async def close(self) -> None:
        self._quick_reader.close()
        await self._reader.close()
        await self._writer.close()
        await self.engines.dispose()
