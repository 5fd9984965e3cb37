"""PostgreSQL: a connection pool for the batches only."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from app.concurrency.deadline import seconds_left
from app.database.errors import (
    OutcomeUnknownError,
    RowLockedError,
    is_lock,
    is_lost_connection,
    is_refusal,
    is_unavailability,
    may_have_committed,
    translate,
)
from app.observability.logging import logger

if TYPE_CHECKING:
    from asyncpg import Connection

Result = TypeVar("Result")

log = logger(__name__)

GOODBYE_SECONDS = 2.0


class ConnectionPool:
    """A few connections for batches only; a broken one is replaced when it is next needed."""

    def __init__(
        self,
        open_connection: Callable[[], Awaitable["Connection[Any]"]],
        *,
        size: int,
        timeout: float,
    ) -> None:
        self._open_connection = open_connection
        self._timeout = timeout
        self._free: asyncio.LifoQueue[Connection[Any] | None] = asyncio.LifoQueue()
        for _ in range(size):
            self._free.put_nowait(None)
        self._size = size

    async def run(
        self, work: Callable[["Connection[Any]"], Awaitable[Result]], *, changes: bool
    ) -> Result:
        """Run `work` on a connection, and again on a fresh one if the first was lost.

        `work` must be idempotent: after a connection is lost during a commit the outcome is
        unknown. Raises `RowLockedError` if a lock was the only cause of the failure, and
        `OutcomeUnknownError` if work that `changes` something may have been committed.
        """
        is_unknown = False

        async def noted(connection: "Connection[Any]") -> Result:
            nonlocal is_unknown
            try:
                return await work(connection)
            except Exception as error:
                is_unknown = is_unknown or (changes and may_have_committed(error))
                raise

        try:
            try:
                return await self._attempt(noted)
            except Exception as error:
                if not is_lost_connection(error):
                    raise
            return await self._attempt(noted, fresh=True)
        except Exception as error:
            if is_unknown and is_unavailability(error) and not is_lock(error):
                raise OutcomeUnknownError from error
            raise (RowLockedError() if is_lock(error) else translate(error)) from error

    async def close(self) -> None:
        """Close all connections; terminate those whose server does not answer."""
        connections = [await self._free.get() for _ in range(self._size)]
        await asyncio.gather(
            *(_close(connection) for connection in connections if connection is not None)
        )

    async def _attempt(
        self, work: Callable[["Connection[Any]"], Awaitable[Result]], *, fresh: bool = False
    ) -> Result:
        connection = await self._free.get()
        is_usable = False
        try:
            if connection is not None and (fresh or connection.is_closed()):
                connection.terminate()
                connection = None
            if connection is None:
                async with asyncio.timeout(seconds_left(otherwise=self._timeout)):
                    connection = await self._open_connection()
            result = await work(connection)
            is_usable = True
            return result
        except Exception as error:
            is_usable = is_refusal(error) or is_lock(error)
            raise
        finally:
            if not is_usable and connection is not None:
                connection.terminate()
                connection = None
            self._free.put_nowait(connection)


async def _close(connection: "Connection[Any]") -> None:
    try:
        await connection.close(timeout=GOODBYE_SECONDS)
    except Exception as error:  # noqa: BLE001 - after any error, terminate
        log.warning("a connection to the database did not close: %s", type(error).__name__)
        connection.terminate()
