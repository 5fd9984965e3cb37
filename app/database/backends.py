"""What differs between the two databases, behind one interface."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import all_or_none, commits, postgresql, postgresql_batches, sqlite
from app.database.claims import CompiledClaim
from app.database.engines import (
    Engines,
    migration_engine,
    postgresql_engines,
    sqlite_engines,
)
from app.database.errors import RowLockedError
from app.database.postgresql import Pooler
from app.database.postgresql_hosts import Hosts
from app.database.statements import (
    CompiledLookup,
    CompiledOutcome,
    CompiledStatement,
    Found,
    Values,
    Written,
)
from app.deadline import seconds_left
from app.errors import DatabaseUnavailableError
from app.places import Places

Result = TypeVar("Result")
FindAtOnce = Callable[[CompiledLookup, Any], Values | None]


SECONDS_BESIDE_A_STATEMENT = 1.0
"""What a request has for all its database steps, beyond the time limit of a single one."""


class Backend(Protocol):
    """A database as the batches see it."""

    name: str
    engines: Engines
    dialect: Dialect
    concurrent_batches: int
    find_at_once: FindAtOnce | None
    """Finds a row without waiting for anything; raises `WouldWaitError` where it cannot."""
    time_limit: float
    """The seconds that a request has for all its database steps."""
    reading_places: Places
    """Lets as many batches of look-ups through as may be under way."""
    writing_places: Places
    """The same for steps; on SQLite ordinary transactions pass it too."""

    def writing(self) -> AbstractAsyncContextManager[object]:
        """Held by what writes beside the batches."""

    def transaction(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """An ordinary transaction that writes; it commits at the end.

        Raises `CommitLostError` where the connection is lost meanwhile.
        """

    async def look_up(self, lookup: CompiledLookup, keys: Sequence[Any]) -> Found:
        """Finds the rows of many keys on a fresh snapshot.

        Raises `DatabaseUnavailableError`, `RowLockedError` where a lock is in the way, or
        `UnstorableValueError` for a key that cannot be.
        """

    async def write(
        self,
        statements: Sequence[CompiledStatement] | CompiledClaim,
        rows: Sequence[Mapping[str, Any]],
        outcome: CompiledOutcome | None,
    ) -> Written:
        """Writes many rows in one transaction; has committed when it returns.

        What concerns one row is its outcome. Raises `DatabaseUnavailableError`, or
        `RowLockedError` where a lock is in the way and nothing was written.
        """

    async def start_threads(self) -> None:
        """Start what it will need; raises `StartupError` where the system refuses."""

    async def warm_up(self) -> None:
        """Open the connections that have a thread each; the database has to be there."""

    async def examine(self) -> None:
        """Look at a database file anew; raises what is wrong with it."""

    async def try_write(self, statement: CompiledStatement, row: Mapping[str, Any]) -> None:
        """Execute a statement where batches are written, and roll it back; raises what fails."""

    async def exchange(
        self, statement: CompiledStatement, rows: Sequence[Mapping[str, Any]]
    ) -> bool:
        """Writes rows that are as they were read, in one transaction; see `Exchange`."""

    async def close(self) -> None: ...


class PostgresBackend:
    """Several batches may be under way, on connections of their own.

    One kind of batch may have two, so there is a third for the others.
    """

    name = "postgresql"
    concurrent_batches = 2

    def __init__(
        self, url: str, *, pool_size: int, timeout: float, pooler: Pooler = Pooler.SESSION
    ) -> None:
        self._hosts = Hosts(postgresql.driver_url(url))
        self.engines = postgresql_engines(
            self._hosts, pool_size=pool_size, timeout=timeout, pooler=pooler
        )
        self.migration_engine = partial(
            migration_engine, self._hosts, timeout=timeout, pooler=pooler
        )
        self.find_at_once: FindAtOnce | None = None
        self.dialect: Dialect = postgresql_dialect.asyncpg.dialect()  # type: ignore[no-untyped-call]  # untyped there
        self.time_limit = timeout + SECONDS_BESIDE_A_STATEMENT
        connect = partial(
            postgresql.connect,
            self._hosts,
            timeout=timeout,
            settings=postgresql.FOR_BATCHES,
            pooler=pooler,
        )
        is_shared = pooler is Pooler.TRANSACTION
        self._beginning = postgresql_batches.Beginning(
            timeout, lasting=postgresql.time_limits(timeout) if is_shared else None
        )
        size = self.concurrent_batches + 1
        self.reading_places, self.writing_places = Places(size), Places(size)
        self._readers, self._writers = (
            postgresql_batches.ConnectionPool(connect, size=size, timeout=timeout) for _ in range(2)
        )

    def writing(self) -> AbstractAsyncContextManager[object]:
        return nullcontext()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        async with (
            asyncio.timeout(seconds_left(otherwise=self.time_limit)) as limit,
            self.engines.writer.connect() as connection,
            connection.begin() as transaction,
        ):
            yield connection
            limit.reschedule(None)  # what becomes of the commit is waited for
            await commits.commit(transaction, connection)

    async def look_up(self, lookup: CompiledLookup, keys: Sequence[Any]) -> Found:
        return await self._readers.run(
            lambda connection: postgresql_batches.look_up(connection, lookup, keys)
        )

    async def write(
        self,
        statements: Sequence[CompiledStatement] | CompiledClaim,
        rows: Sequence[Mapping[str, Any]],
        outcome: CompiledOutcome | None,
    ) -> Written:
        return await self._writers.run(
            lambda connection: postgresql_batches.write(
                connection, statements, rows, outcome, beginning=self._beginning
            )
        )

    async def start_threads(self) -> None:
        """It needs none."""

    async def warm_up(self) -> None:
        """Its connections have no threads."""

    async def examine(self) -> None:
        """There is no file of ours to look at."""

    async def try_write(self, statement: CompiledStatement, row: Mapping[str, Any]) -> None:
        async with self._beside_batches():
            await self._writers.run(
                lambda connection: postgresql_batches.try_write(
                    connection, statement, row, beginning=self._beginning
                )
            )

    async def exchange(
        self, statement: CompiledStatement, rows: Sequence[Mapping[str, Any]]
    ) -> bool:
        async with self._beside_batches():
            return await self._writers.run(
                lambda connection: all_or_none.on_postgresql(connection, statement, rows)
            )

    def _beside_batches(self) -> AbstractAsyncContextManager[None]:
        return self.writing_places.taken(
            within=seconds_left(otherwise=self.time_limit), late=DatabaseUnavailableError
        )

    async def close(self) -> None:
        await self._hosts.close()
        await self._readers.close()
        await self._writers.close()
        await self.engines.dispose()


class SqliteBackend:
    """One writer at a time in this process; the busy timeout waits for other processes."""

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
        """One writer at a time; batches go first."""
        return self.writing_places.taken(
            within=seconds_left(otherwise=self.time_limit), late=DatabaseUnavailableError
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """What waits for the lock of the file, or for its turn, has what is left of its request's
        time."""
        async with self.writing(), self.engines.writer.connect() as connection:
            await self._limit_waiting(connection)
            async with connection.begin() as transaction:
                yield connection
                await commits.commit(transaction, connection)

    async def _limit_waiting(self, connection: AsyncConnection) -> None:
        """Lets SQLite wait for the lock of the file only for as long as the request may."""
        busy_timeout = min(self._busy_timeout, seconds_left(otherwise=self._busy_timeout))
        if busy_timeout == self._busy_timeout_now:
            return
        raw = await connection.get_raw_connection()
        cursor = await raw.driver_connection.execute(  # type: ignore[union-attr]  # it is there
            f"PRAGMA busy_timeout = {int(busy_timeout * 1000)}"
        )
        await cursor.close()
        self._busy_timeout_now = busy_timeout

    async def look_up(self, lookup: CompiledLookup, keys: Sequence[Any]) -> Found:
        return await self._reader.run(lambda connection: sqlite.look_up(connection, lookup, keys))

    async def write(
        self,
        statements: Sequence[CompiledStatement] | CompiledClaim,
        rows: Sequence[Mapping[str, Any]],
        outcome: CompiledOutcome | None,
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
        """What is open may have been deleted, replaced or damaged meanwhile."""
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
        """Waits for the lock of the file in slices, between which batches have their turn."""
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
