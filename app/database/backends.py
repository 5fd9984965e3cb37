"""What differs between the two databases, behind one interface."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import Dialect

from app.database import all_or_none, postgresql, sqlite
from app.database.claims import CompiledClaim
from app.database.engines import Engines, postgresql_engines, sqlite_engines
from app.database.errors import translated_errors
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
from app.errors import DatabaseUnavailableError

FindAtOnce = Callable[[CompiledLookup, Any], Values | None]


class Backend(Protocol):
    """A database as the batches see it."""

    name: str
    engines: Engines
    dialect: Dialect
    concurrent_batches: int
    find_at_once: FindAtOnce | None
    """Finds a row without waiting for anything; raises `WouldWaitError` where it cannot."""

    def writing(self) -> AbstractAsyncContextManager[object]:
        """Held while an ordinary transaction writes."""

    async def look_up(self, lookup: CompiledLookup, keys: Sequence[Any]) -> Found:
        """Finds the rows of many keys on a fresh snapshot.

        Raises `DatabaseUnavailableError`, or `UnstorableValueError` for a key that cannot be.
        """

    async def write(
        self,
        statements: Sequence[CompiledStatement] | CompiledClaim,
        rows: Sequence[Mapping[str, Any]],
        outcome: CompiledOutcome | None,
    ) -> Written:
        """Writes many rows in one transaction; has committed when it returns.

        What concerns one row is its outcome. Raises `DatabaseUnavailableError`.
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
    """Several batches may be under way, on connections of their own."""

    name = "postgresql"
    concurrent_batches = 2

    def __init__(
        self, url: str, *, pool_size: int, timeout: float, pooler: Pooler = Pooler.SESSION
    ) -> None:
        self._hosts = Hosts(postgresql.driver_url(url))
        self.engines = postgresql_engines(
            self._hosts, pool_size=pool_size, timeout=timeout, pooler=pooler
        )
        self.find_at_once: FindAtOnce | None = None
        self.dialect: Dialect = postgresql_dialect.asyncpg.dialect()  # type: ignore[no-untyped-call]  # untyped there
        connect = partial(
            postgresql.connect,
            self._hosts,
            timeout=timeout,
            settings=postgresql.FOR_BATCHES,
            pooler=pooler,
        )
        self._local: str | None = None
        if pooler is Pooler.TRANSACTION:
            self._local = postgresql.set_local(postgresql.time_limits(timeout))
        self._readers, self._writers = (
            postgresql.ConnectionPool(connect, size=self.concurrent_batches, timeout=timeout)
            for _ in range(2)
        )

    def writing(self) -> AbstractAsyncContextManager[object]:
        return nullcontext()

    async def look_up(self, lookup: CompiledLookup, keys: Sequence[Any]) -> Found:
        return await self._readers.run(
            lambda connection: postgresql.look_up(connection, lookup, keys)
        )

    async def write(
        self,
        statements: Sequence[CompiledStatement] | CompiledClaim,
        rows: Sequence[Mapping[str, Any]],
        outcome: CompiledOutcome | None,
    ) -> Written:
        return await self._writers.run(
            lambda connection: postgresql.write(
                connection, statements, rows, outcome, local=self._local
            )
        )

    async def start_threads(self) -> None:
        """It needs none."""

    async def warm_up(self) -> None:
        """Its connections have no threads."""

    async def examine(self) -> None:
        """There is no file of ours to look at."""

    async def try_write(self, statement: CompiledStatement, row: Mapping[str, Any]) -> None:
        await self._writers.run(
            lambda connection: postgresql.try_write(connection, statement, row, local=self._local)
        )

    async def exchange(
        self, statement: CompiledStatement, rows: Sequence[Mapping[str, Any]]
    ) -> bool:
        return await self._writers.run(
            lambda connection: all_or_none.on_postgresql(connection, statement, rows)
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
        self._write_gate = asyncio.Lock()
        self._busy_timeout = busy_timeout
        thread = partial(
            sqlite.SqliteThread, path, busy_timeout=busy_timeout, synchronous=synchronous
        )
        self._quick_reader = sqlite.QuickReader(path, synchronous=synchronous)
        self.find_at_once: FindAtOnce | None = self._quick_reader.find
        self._reader = thread(name="sqlite-reader")
        self._writer = thread(name="sqlite-writer")

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """One writer at a time; who waits for longer than for the lock of the file gets a 503."""
        try:
            async with asyncio.timeout(self._busy_timeout):
                await self._write_gate.acquire()
        except TimeoutError:
            raise DatabaseUnavailableError from None
        try:
            yield
        finally:
            self._write_gate.release()

    async def look_up(self, lookup: CompiledLookup, keys: Sequence[Any]) -> Found:
        with translated_errors():
            return await self._reader.run(
                lambda connection: sqlite.look_up(connection, lookup, keys)
            )

    async def write(
        self,
        statements: Sequence[CompiledStatement] | CompiledClaim,
        rows: Sequence[Mapping[str, Any]],
        outcome: CompiledOutcome | None,
    ) -> Written:
        async with self.writing():
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
        async with self.writing():
            await self._writer.run(lambda connection: sqlite.try_write(connection, statement, row))

    async def exchange(
        self, statement: CompiledStatement, rows: Sequence[Mapping[str, Any]]
    ) -> bool:
        async with self.writing():
            return await self._writer.run(
                lambda connection: all_or_none.on_sqlite(connection, statement, rows)
            )

    async def close(self) -> None:
        self._quick_reader.close()
        await self._reader.close()
        await self._writer.close()
        await self.engines.dispose()
