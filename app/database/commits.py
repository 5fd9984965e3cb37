"""Find out whether a transaction was committed when no response to its COMMIT arrived."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from app.concurrency.deadline import seconds_left
from app.database.engines import Engines
from app.database.errors import driver_error, is_lost_connection, translate, warn_of_unknown_outcome
from app.errors import DatabaseUnavailableError
from app.observability.logging import logger

log = logger(__name__)

Witness = Callable[[], Executable]
"""Returns a statement that tells whether a transaction was committed.

The statement returns a row if it was not committed and no row if it was, and waits while the
transaction is still in progress: it repeats one of its INSERTs, or is a SELECT that takes a lock.
It is built only if the connection is lost.
"""
WITNESS = "postern_witness"
ATTEMPTS = 3
PAUSE_SECONDS = 0.2
LEAST_SECONDS = 0.25
"""The minimum time for a commit, and for finding its outcome, even if the request has less left."""
SECONDS_WITHOUT_DEADLINE = 2.0
"""The time for finding the outcome of work that no request waits for."""


class CommitLostError(Exception):
    """No response to a COMMIT arrived; `witness` is None if the transaction has none."""

    def __init__(self, witness: Witness | None) -> None:
        super().__init__()
        self.witness = witness


async def set_witness(connection: AsyncConnection, witness: Witness) -> None:
    """Set what tells whether this transaction was committed."""
    await connection.execution_options(**{WITNESS: witness})


def seconds_to_commit() -> float | None:
    """Return the time limit of a commit, or None without a deadline: then the driver's applies."""
    seconds = seconds_left(otherwise=-1)
    return None if seconds < 0 else max(LEAST_SECONDS, seconds)


async def commit(
    transaction: AsyncTransaction, connection: AsyncConnection, *, within: float | None
) -> None:
    """Commit; raises `CommitLostError` if the outcome is unknown.

    That is, if the connection was lost, or if the server did not respond `within` these seconds.
    """
    options = connection.sync_connection.get_execution_options()  # type: ignore[union-attr]  # the connection is open
    witness: Witness | None = options.get(WITNESS)
    try:
        async with asyncio.timeout(within):
            await transaction.commit()
    except Exception as error:
        cause = driver_error(error)
        if not (is_lost_connection(cause) or isinstance(cause, TimeoutError)):
            raise
        await connection.invalidate()  # the response may still arrive
        raise CommitLostError(witness) from error


async def find_out(lost: CommitLostError, engines: Engines) -> None:
    """Return if the transaction was committed.

    Raises `DatabaseUnavailableError` if it was not, and if the outcome stays unknown, which is
    logged.
    """
    was_committed = None
    if lost.witness is not None:
        seconds = max(LEAST_SECONDS, seconds_left(otherwise=SECONDS_WITHOUT_DEADLINE))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                was_committed = await _read_back(lost.witness(), engines)
    if was_committed:
        return
    if was_committed is None:
        warn_of_unknown_outcome()
    raise DatabaseUnavailableError from lost.__cause__


async def _read_back(witness: Executable, engines: Engines) -> bool | None:
    """Run the witness up to `ATTEMPTS` times; return None if the outcome stays unknown."""
    for attempt in range(ATTEMPTS):
        await asyncio.sleep(PAUSE_SECONDS * attempt)
        try:
            return await _has_happened(witness, engines)
        except Exception as error:
            if not isinstance(translate(error), DatabaseUnavailableError):
                log.exception("cannot read back the outcome of a commit")
                break
    return None


async def _has_happened(witness: Executable, engines: Engines) -> bool:
    async with engines.writer.connect() as connection:
        await engines.wait_for_locks(connection)
        row: Any = (await connection.execute(witness)).first()
        await connection.rollback()
    return row is None
