"""SQLAlchemy engines for ordinary statements: one for reading, one for writing."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Executable, NullPool, event, exc, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.database import postgresql, sqlite
from app.database.postgresql import Pooler
from app.database.postgresql_hosts import Hosts

DISPOSE_SECONDS = 3.0
PAUSE_SECONDS = 0.03
"""A connection that was idle for this long is pinged before use; a busy one is not."""
LAST_USED = "last_used"
WITHOUT_NAMES: dict[str, Any] = {
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}
"""No named prepared statements: one would stay on whichever connection the pooler chose."""


@dataclass(frozen=True, slots=True)
class Engines:
    """`reader` for read-only statements, in autocommit if possible; `writer` for transactions."""

    reader: AsyncEngine
    writer: AsyncEngine
    _patience: Executable | None = None

    async def wait_for_locks(self, connection: AsyncConnection) -> None:
        """Raise the lock timeout of this transaction to the time that a statement may take."""
        if self._patience is not None:
            await connection.execute(self._patience)

    async def dispose(self) -> None:
        """Close connections, but wait at most `DISPOSE_SECONDS` for a stalled server."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DISPOSE_SECONDS):
                await self.reader.dispose()
                await self.writer.dispose()


def postgresql_engines(
    hosts: Hosts, *, pool_size: int, timeout: float, pooler: Pooler, lock_timeout: float
) -> Engines:
    """Return the engines for PostgreSQL.

    asyncpg parses the URL itself, with the parameters of libpq. Statements wait for locks for
    `lock_timeout` seconds.
    """
    brief_limit = postgresql.lock_limit(lock_timeout)

    async def connect(**_: object) -> Any:
        return await postgresql.connect(hosts, timeout=timeout, settings=brief_limit, pooler=pooler)

    is_shared = pooler is Pooler.TRANSACTION
    writer = create_async_engine(
        "postgresql+asyncpg://",
        hide_parameters=True,  # errors in the log must not show values
        connect_args={"async_creator_fn": connect, **(WITHOUT_NAMES if is_shared else {})},
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout,
        pool_use_lifo=True,  # reuse the connection that has the statements prepared
    )
    _ping_after_a_pause(writer)
    _terminate_broken_connections(writer)
    if is_shared:
        limits = postgresql.set_local({**postgresql.time_limits(timeout), **brief_limit})

        @event.listens_for(writer.sync_engine, "begin")
        def _limit(connection: Any) -> None:
            if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
                connection.exec_driver_sql(limits)

    longer_wait = text(postgresql.set_local(postgresql.lock_limit(timeout)))
    if is_shared:  # outside a transaction no time limit would apply
        return Engines(writer, writer, longer_wait)
    return Engines(writer.execution_options(isolation_level="AUTOCOMMIT"), writer, longer_wait)


def _ping_after_a_pause(engine: AsyncEngine) -> None:
    """Replace connections that were lost while they were idle.

    A connection that was used less than `PAUSE_SECONDS` ago is not pinged: that would cost each
    transaction a round trip. If it is lost within that time, the request gets a 503.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def _remember(_: Any, record: Any) -> None:
        record.info[LAST_USED] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def _ping(connection: Any, record: Any, _: Any) -> None:
        last_used = record.info.get(LAST_USED)
        if last_used is None or time.monotonic() - last_used < PAUSE_SECONDS:
            return
        try:
            connection.run_async(_ask_whether_alive)
        except Exception as error:
            raise exc.DisconnectionError from error  # the pool opens another one


def _terminate_broken_connections(engine: AsyncEngine) -> None:
    """Terminate a connection when it is invalidated, without waiting for its server.

    SQLAlchemy would wait two seconds for a server that does not respond, beyond the deadline.
    """

    @event.listens_for(engine.sync_engine, "invalidate")
    def _terminate(connection: Any, *_: object) -> None:
        connection.driver_connection.terminate()


async def _ask_whether_alive(connection: Any) -> None:
    """Ping with one round trip; SQLAlchemy's own ping opens a transaction, which takes three."""
    await connection.execute("SELECT 1")


def migration_engine(
    hosts: Hosts, *, timeout: float, pooler: Pooler, lock_timeout: float
) -> AsyncEngine:
    """Return an engine for migrations: no statement timeout, but a short lock timeout.

    While a transaction waits for the lock of a table, all others queue behind it. Outside a
    transaction nothing is limited: `CREATE INDEX CONCURRENTLY` waits for other transactions but
    does not block them.
    """
    limits = {**postgresql.WITHOUT_LIMITS, "lock_timeout": str(int(lock_timeout * 1000))}
    is_shared = pooler is Pooler.TRANSACTION

    async def connect(**_: object) -> Any:
        return await postgresql.connect(hosts, timeout=timeout, pooler=pooler, may_take_long=True)

    engine = create_async_engine(
        "postgresql+asyncpg://",
        hide_parameters=True,
        connect_args={"async_creator_fn": connect, **(WITHOUT_NAMES if is_shared else {})},
        poolclass=NullPool,
    )

    @event.listens_for(engine.sync_engine, "begin")
    def _limit(connection: Any) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(postgresql.set_local(limits))

    return engine


def sqlite_engines(path: Path, *, pool_size: int, busy_timeout: float, synchronous: str) -> Engines:
    """Return a pool of readers, and one writer whose transactions take the lock when they begin."""

    def engine(size: int, **options: Any) -> AsyncEngine:
        async_engine = create_async_engine(
            f"sqlite+aiosqlite:///{path}",
            hide_parameters=True,
            pool_size=size,
            max_overflow=0,
            pool_timeout=busy_timeout + 5,
            connect_args={"isolation_level": None, "timeout": busy_timeout},
            **options,
        )

        @event.listens_for(async_engine.sync_engine, "connect")
        def _prepare(connection: Any, _: object) -> None:
            sqlite.prepare_connection(
                connection, busy_timeout=busy_timeout, synchronous=synchronous
            )

        return async_engine

    writer = engine(1)

    @event.listens_for(writer.sync_engine, "begin")
    def _take_the_lock(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return Engines(
        reader=engine(pool_size, execution_options={"isolation_level": "AUTOCOMMIT"}), writer=writer
    )
