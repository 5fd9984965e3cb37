"""SQLAlchemy engines for the ordinary work: one that reads, one that writes."""

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
"""After so long without use a connection is asked whether it is still there: not under load."""
LAST_USED = "last_used"
WITHOUT_NAMES: dict[str, Any] = {
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}
"""A named statement would stay behind on whichever connection a pooler had given us."""


@dataclass(frozen=True, slots=True)
class Engines:
    """`reader` only reads, outside of transactions where it can; `writer` has transactions."""

    reader: AsyncEngine
    writer: AsyncEngine
    _patience: Executable | None = None

    async def wait_for_locks(self, connection: AsyncConnection) -> None:
        """Let this transaction wait for locks for as long as a statement may take."""
        if self._patience is not None:
            await connection.execute(self._patience)

    async def dispose(self) -> None:
        """Closes what it can within a few seconds; a server that stalls is left alone."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DISPOSE_SECONDS):
                await self.reader.dispose()
                await self.writer.dispose()


def postgresql_engines(
    hosts: Hosts, *, pool_size: int, timeout: float, pooler: Pooler, lock_timeout: float
) -> Engines:
    """asyncpg reads the URL itself, with everything that libpq would understand in it.

    Statements wait for locks for `lock_timeout` seconds.
    """
    brief = postgresql.lock_limit(lock_timeout)

    async def connect(**_: object) -> Any:
        return await postgresql.connect(hosts, timeout=timeout, settings=brief, pooler=pooler)

    is_shared = pooler is Pooler.TRANSACTION
    writer = create_async_engine(
        "postgresql+asyncpg://",
        hide_parameters=True,  # an error in the log shows no value
        connect_args={"async_creator_fn": connect, **(WITHOUT_NAMES if is_shared else {})},
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout,
        pool_use_lifo=True,  # the connection that has the statements prepared
    )
    _ping_after_a_pause(writer)
    if is_shared:
        limits = postgresql.set_local({**postgresql.time_limits(timeout), **brief})

        @event.listens_for(writer.sync_engine, "begin")
        def _limit(connection: Any) -> None:
            if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
                connection.exec_driver_sql(limits)

    patience = text(postgresql.set_local(postgresql.lock_limit(timeout)))
    if is_shared:  # without a transaction nothing would be limited
        return Engines(writer, writer, patience)
    return Engines(writer.execution_options(isolation_level="AUTOCOMMIT"), writer, patience)


def _ping_after_a_pause(engine: AsyncEngine) -> None:
    """Replace a connection that was lost while nobody used it.

    One that was used a moment ago is not asked: that would cost each transaction a round trip. If
    it is lost within that moment, the request is answered 503.
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


async def _ask_whether_alive(connection: Any) -> None:
    """One round trip; SQLAlchemy's own ping opens a transaction for it, which takes three."""
    await connection.execute("SELECT 1")


def migration_engine(
    hosts: Hosts, *, timeout: float, pooler: Pooler, lock_timeout: float
) -> AsyncEngine:
    """Connections for migrations: statements may take long, transactions wait briefly for locks.

    Who waits for the lock of a table keeps everybody else away from it meanwhile. Outside of a
    transaction nothing is limited: `CREATE INDEX CONCURRENTLY` waits for others and stops nobody.
    """
    limits = {**postgresql.WITHOUT_LIMITS, "lock_timeout": str(int(lock_timeout * 1000))}
    is_shared = pooler is Pooler.TRANSACTION

    async def connect(**_: object) -> Any:
        return await postgresql.connect(hosts, timeout=timeout, pooler=pooler, may_take_long=True)

    made = create_async_engine(
        "postgresql+asyncpg://",
        hide_parameters=True,
        connect_args={"async_creator_fn": connect, **(WITHOUT_NAMES if is_shared else {})},
        poolclass=NullPool,
    )

    @event.listens_for(made.sync_engine, "begin")
    def _limit(connection: Any) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(postgresql.set_local(limits))

    return made


def sqlite_engines(path: Path, *, pool_size: int, busy_timeout: float, synchronous: str) -> Engines:
    """One writing connection whose transactions take the lock at their beginning, and readers."""

    def engine(size: int, **options: Any) -> AsyncEngine:
        made = create_async_engine(
            f"sqlite+aiosqlite:///{path}",
            hide_parameters=True,
            pool_size=size,
            max_overflow=0,
            pool_timeout=busy_timeout + 5,
            connect_args={"isolation_level": None, "timeout": busy_timeout},
            **options,
        )

        @event.listens_for(made.sync_engine, "connect")
        def _prepare(connection: Any, _: object) -> None:
            sqlite.prepare_connection(
                connection, busy_timeout=busy_timeout, synchronous=synchronous
            )

        return made

    writer = engine(1)

    @event.listens_for(writer.sync_engine, "begin")
    def _take_the_lock(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return Engines(
        reader=engine(pool_size, execution_options={"isolation_level": "AUTOCOMMIT"}), writer=writer
    )
