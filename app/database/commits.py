"""What became of a transaction whose connection was lost during COMMIT."""

import asyncio
from contextlib import suppress
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from app.database.engines import Engines
from app.database.errors import driver_error, is_lost_connection, translate, warn_of_unknown_outcome
from app.deadline import seconds_left
from app.errors import DatabaseUnavailableError
from app.observability.logging import logger

log = logger(__name__)

WITNESS = "postern_witness"
ATTEMPTS = 3
PAUSE_SECONDS = 0.2
LEAST_SECONDS = 2.0
"""How long the outcome is asked for, also where the request has less time left."""


class CommitLostError(Exception):
    """The connection broke during COMMIT; `witness` is None where the transaction has none."""

    def __init__(self, witness: Executable | None) -> None:
        super().__init__()
        self.witness = witness


async def set_witness(connection: AsyncConnection, witness: Executable) -> None:
    """Say by what it is known whether this transaction was committed.

    `witness` returns a row where it was not, and none where it was, and waits for a transaction
    that is still under way: an insert of the transaction once more, or a look-up that locks.
    """
    await connection.execution_options(**{WITNESS: witness})


async def commit(transaction: AsyncTransaction, connection: AsyncConnection) -> None:
    """Raises `CommitLostError` where nobody can tell yet whether it happened."""
    options = connection.sync_connection.get_execution_options()  # type: ignore[union-attr]  # it is connected
    witness = options.get(WITNESS)
    try:
        await transaction.commit()
    except Exception as error:
        cause = driver_error(error)
        if not (is_lost_connection(cause) or isinstance(cause, TimeoutError)):
            raise
        raise CommitLostError(witness) from error


async def find_out(lost: CommitLostError, engines: Engines) -> None:
    """Returns where the transaction was committed.

    Raises `DatabaseUnavailableError` where it was not, and where nobody can tell: then the log
    says so.
    """
    has_happened = None
    if lost.witness is not None:
        seconds = max(LEAST_SECONDS, seconds_left(otherwise=LEAST_SECONDS))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                has_happened = await _read_back(lost.witness, engines)
    if has_happened:
        return
    if has_happened is None:
        warn_of_unknown_outcome()
    raise DatabaseUnavailableError from lost.__cause__


async def _read_back(witness: Executable, engines: Engines) -> bool | None:
    """Ask a few times; None where there is no answer."""
    for attempt in range(ATTEMPTS):
        await asyncio.sleep(PAUSE_SECONDS * attempt)
        try:
            return await _has_happened(witness, engines)
        except Exception as error:
            if not isinstance(translate(error), DatabaseUnavailableError):
                log.exception("cannot read back what became of a commit")
                break
    return None


async def _has_happened(witness: Executable, engines: Engines) -> bool:
    async with engines.writer.connect() as connection:
        await engines.wait_for_locks(connection)
        missing: Any = (await connection.execute(witness)).first()
        await connection.rollback()
    return missing is None
