"""The PostgreSQL implementation of `Backend`."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from app.concurrency.deadline import seconds_left
from app.concurrency.places import Places
from app.database import all_or_none, commits, postgresql, postgresql_batches
from app.database.backends import SECONDS_BESIDE_A_STATEMENT, FindAtOnce
from app.database.claims import CompiledClaim
from app.database.engines import Engines, migration_engine, postgresql_engines
from app.database.errors import RowLockedError
from app.database.lock_retries import LockRetries, LockWait, current_lock_wait
from app.database.postgresql import Pooler, lock_limit
from app.database.postgresql_batches import PATIENCE_SECONDS, RETRY_SECONDS
from app.database.postgresql_hosts import Hosts
from app.database.postgresql_pool import ConnectionPool
from app.database.retries import Retries
from app.database.statements import (
    CompiledLookup,
    CompiledOutcome,
    CompiledStatement,
    Found,
    Written,
)
from app.errors import DatabaseUnavailableError

if TYPE_CHECKING:
    from asyncpg import Connection

Result = TypeVar("Result")

RETRIES_AT_ONCE = 2


class PostgresBackend:
    """PostgreSQL backend: several batches run at once, on separate connections.

    One kind of batch may use two connections, so a third one is left for the other kinds. Items
    that wait for a lock leave these connections soon and wait on connections reserved for retries.
    """

    name = "postgresql"
    concurrent_batches = 2

    def __init__(
        self, url: str, *, pool_size: int, timeout: float, pooler: Pooler = Pooler.SESSION
    ) -> None:
        self._hosts = Hosts(postgresql.driver_url(url))
        engines = partial(postgresql_engines, self._hosts, timeout=timeout, pooler=pooler)
        self.engines = engines(pool_size=pool_size, lock_timeout=PATIENCE_SECONDS)
        self._retry_engines = engines(pool_size=RETRIES_AT_ONCE, lock_timeout=RETRY_SECONDS)
        self.migration_engine = partial(
            migration_engine, self._hosts, timeout=timeout, pooler=pooler
        )
        self.find_at_once: FindAtOnce | None = None
        self.dialect: Dialect = postgresql_dialect.asyncpg.dialect()  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
        self.time_limit = timeout + SECONDS_BESIDE_A_STATEMENT
        self.lock_retries: LockRetries | None = LockRetries(
            connections_per_kind=(pool_size + 1) // 2,
            retries_at_once=RETRIES_AT_ONCE,
            time_limit=self.time_limit,
        )
        limits = {**postgresql.time_limits(timeout), **lock_limit(PATIENCE_SECONDS)}
        self._beginning = postgresql_batches.Beginning(
            timeout, lasting=limits if pooler is Pooler.TRANSACTION else None
        )

        def pool(size: int, lock_seconds: float) -> ConnectionPool:
            connect = partial(
                postgresql.connect,
                self._hosts,
                timeout=timeout,
                settings={**postgresql.FOR_BATCHES, **lock_limit(lock_seconds)},
                pooler=pooler,
            )
            return ConnectionPool(connect, size=size, timeout=timeout)

        size = self.concurrent_batches + 1
        self.reading_places, self.writing_places = Places(size), Places(size)
        self._readers, self._writers = (pool(size, PATIENCE_SECONDS) for _ in range(2))
        self._retriers = pool(RETRIES_AT_ONCE + 1, RETRY_SECONDS)
        self.retries: Retries | None = Retries(at_once=RETRIES_AT_ONCE)
        self._places_to_retry = Places(1)

    def writing(self) -> AbstractAsyncContextManager[object]:
        return nullcontext()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        async with (
            asyncio.timeout(seconds_left(otherwise=self.time_limit)) as limit,
            self._engines_now().writer.connect() as connection,
            connection.begin() as transaction,
        ):
            if current_lock_wait() is LockWait.PATIENT:
                await self.engines.wait_for_locks(connection)
            yield connection
            limit.reschedule(None)  # a commit has a time limit of its own
            await commits.commit(transaction, connection, within=commits.seconds_to_commit())

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._engines_now().reader.connect()

    def _engines_now(self) -> Engines:
        return self._retry_engines if current_lock_wait() is LockWait.RETRY else self.engines

    async def look_up(
        self, lookup: CompiledLookup, keys: Sequence[Any], *, again: bool = False
    ) -> Found:
        return await (self._retriers if again else self._readers).run(
            lambda connection: postgresql_batches.look_up(connection, lookup, keys), changes=False
        )

    async def write(
        self,
        statements: Sequence[CompiledStatement] | CompiledClaim,
        rows: Sequence[Mapping[str, Any]],
        outcome: CompiledOutcome | None,
        *,
        again: bool = False,
    ) -> Written:
        return await (self._retriers if again else self._writers).run(
            lambda connection: postgresql_batches.write(
                connection, statements, rows, outcome, beginning=self._beginning
            ),
            changes=True,
        )

    async def start_threads(self) -> None:
        """Do nothing: this backend needs no threads."""

    async def warm_up(self) -> None:
        """Do nothing: these connections have no threads."""

    async def examine(self) -> None:
        """Do nothing: PostgreSQL manages its own files."""

    async def try_write(self, statement: CompiledStatement, row: Mapping[str, Any]) -> None:
        async with self._beside_batches():
            await self._writers.run(
                lambda connection: postgresql_batches.try_write(
                    connection, statement, row, beginning=self._beginning
                ),
                changes=False,
            )

    async def exchange(
        self, statement: CompiledStatement, rows: Sequence[Mapping[str, Any]]
    ) -> bool:
        def work(connection: "Connection[Any]") -> Awaitable[bool]:
            return all_or_none.on_postgresql(connection, statement, rows, beginning=self._beginning)

        try:
            async with self._beside_batches():
                return await self._writers.run(work, changes=True)
        except RowLockedError:
            return await self._until_unlocked(work)

    async def _until_unlocked(
        self, work: Callable[["Connection[Any]"], Awaitable[Result]]
    ) -> Result:
        limit = time.perf_counter() + seconds_left(otherwise=self.time_limit)
        while (left := limit - time.perf_counter()) > 0:
            async with self._places_to_retry.taken(within=left, late=DatabaseUnavailableError):
                with suppress(RowLockedError):
                    return await self._retriers.run(work, changes=True)
        raise DatabaseUnavailableError

    def _beside_batches(self) -> AbstractAsyncContextManager[None]:
        return self.writing_places.taken(
            within=seconds_left(otherwise=self.time_limit), late=DatabaseUnavailableError
        )

    async def close(self) -> None:
        await self._hosts.close()
        await self._readers.close()
        await self._writers.close()
        await self._retriers.close()
        await self._retry_engines.dispose()
        await self.engines.dispose()
