"""The lock that allows one migration at a time, and lock timeouts that can be retried."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.errors import driver_error
from app.observability.logging import logger

log = logger(__name__)

LOCK = 0x706F737465726E  # "postern": the advisory lock of its migrations
POLL_SECONDS = 0.2
SAY_EVERY = 50  # polls
LOCK_NOT_AVAILABLE = "55P03"
_TRY = text(f"SELECT pg_try_advisory_xact_lock({LOCK})")

_WITHOUT_SNAPSHOT = text("SET LOCAL statement_timeout = 0")


@asynccontextmanager
async def one_at_a_time(engine: AsyncEngine) -> AsyncIterator[None]:
    """Hold PostgreSQL's lock for migrations, in a transaction that does nothing else.

    A caller that has to wait polls every `POLL_SECONDS`. A statement that waits for the lock would
    hold a snapshot, and `CREATE INDEX CONCURRENTLY` waits for every snapshot to end.
    """
    async with engine.connect() as connection:
        polls = 0
        while not await connection.scalar(_TRY):
            await connection.rollback()
            if polls % SAY_EVERY == 0:
                log.warning("another migration is running: waiting for it to finish")
            polls += 1
            await asyncio.sleep(POLL_SECONDS)
        # the query above holds its snapshot until the next statement; SET LOCAL takes none
        await connection.execute(_WITHOUT_SNAPSHOT)
        yield


def is_lock_timeout(error: BaseException) -> bool:
    """Return whether a statement timed out because another transaction held a lock."""
    return getattr(driver_error(error), "sqlstate", None) == LOCK_NOT_AVAILABLE
