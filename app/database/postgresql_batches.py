"""PostgreSQL: the connections of the batches, and what they do on them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from app.database.claims import CompiledClaim
from app.database.errors import is_lost_connection, is_refusal, translate
from app.database.statements import (
    CompiledLookup,
    CompiledOutcome,
    CompiledStatement,
    Found,
    Values,
    Written,
)
from app.deadline import seconds_left
from app.observability.logging import logger

if TYPE_CHECKING:
    from asyncpg import Connection

Result = TypeVar("Result")

log = logger(__name__)

GOODBYE_SECONDS = 2.0
MARGIN_SECONDS = 0.2
"""The server gives up so long before the deadline that its word arrives in time."""


class ConnectionPool:
    """A few connections that only batches use; a broken one is replaced when next needed."""

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

    async def run(self, work: Callable[["Connection[Any]"], Awaitable[Result]]) -> Result:
        """Runs `work` on a connection; once more on a fresh one where the first was lost.

        So `work` has to be safe to repeat: after a connection is lost at commit nobody knows
        whether it happened.
        """
        try:
            try:
                return await self._attempt(work)
            except Exception as error:
                if not is_lost_connection(error):
                    raise
            return await self._attempt(work, fresh=True)
        except Exception as error:
            raise translate(error) from error

    async def close(self) -> None:
        """Says goodbye to the server, and hangs up where it does not answer."""
        connections = [await self._free.get() for _ in range(self._size)]
        await asyncio.gather(*(_close(each) for each in connections if each is not None))

    async def _attempt(
        self, work: Callable[["Connection[Any]"], Awaitable[Result]], *, fresh: bool = False
    ) -> Result:
        connection = await self._free.get()
        is_sound = False
        try:
            if connection is not None and (fresh or connection.is_closed()):
                connection.terminate()
                connection = None
            if connection is None:
                async with asyncio.timeout(seconds_left(otherwise=self._timeout)):
                    connection = await self._open_connection()
            result = await work(connection)
            is_sound = True
            return result
        except Exception as error:
            is_sound = is_refusal(error)
            raise
        finally:
            if not is_sound and connection is not None:
                connection.terminate()
                connection = None
            self._free.put_nowait(connection)


async def _close(connection: "Connection[Any]") -> None:
    try:
        await connection.close(timeout=GOODBYE_SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever it is, we hang up
        log.warning("a connection to the database did not close: %s", type(error).__name__)
        connection.terminate()


class Beginning:
    """The statement that begins a transaction, with the time limits that the session lacks.

    `timeout` is how long a statement may take in a session; `lasting` is what a pooler between us
    and PostgreSQL keeps from lasting longer than a transaction.
    """

    def __init__(self, timeout: float, lasting: Mapping[str, str] | None = None) -> None:
        self._timeout = timeout
        self._lasting = lasting or {}

    def statement(self, *, needed: bool) -> str | None:
        """None where nothing has to be set and a transaction is not `needed`."""
        settings = dict(self._lasting) if needed else {}
        left = seconds_left(otherwise=self._timeout + MARGIN_SECONDS) - MARGIN_SECONDS
        if left < self._timeout:
            settings = {**self._lasting, "statement_timeout": str(max(1, int(left * 1000)))}
        if not settings:
            return "BEGIN;" if needed else None
        return "BEGIN;" + "".join(f"SET LOCAL {name} = {settings[name]};" for name in settings)


async def look_up(
    connection: "Connection[Any]", lookup: CompiledLookup, keys: Sequence[Any]
) -> Found:
    """Asks for all keys in one statement, on a snapshot taken now."""
    rows = await connection.fetch(lookup.text, keys, timeout=_until_deadline())
    return {row[0]: lookup.read(row) for row in rows}


async def write(
    connection: "Connection[Any]",
    statements: Sequence[CompiledStatement] | CompiledClaim,
    rows: Sequence[Mapping[str, Any]],
    outcome: CompiledOutcome | None,
    *,
    beginning: Beginning,
) -> Written:
    """Writes a batch in one transaction; row by row where the table refused one of them."""
    try:
        return list(await _transaction(connection, statements, rows, outcome, beginning))
    except Exception as error:
        if not is_refusal(error):
            raise
        if len(rows) == 1:
            return [translate(error)]
    results: list[Values | Exception | None] = []
    for row in rows:
        results.extend(await write(connection, statements, [row], outcome, beginning=beginning))
    return results


async def try_write(
    connection: "Connection[Any]",
    statement: CompiledStatement,
    row: Mapping[str, Any],
    *,
    beginning: Beginning,
) -> None:
    """Execute a statement and roll it back."""
    await connection.execute(beginning.statement(needed=True) or "BEGIN;")
    try:
        await _execute(connection, statement, [row], timeout=_until_deadline())
    finally:
        await connection.execute("ROLLBACK;")


async def _transaction(
    connection: "Connection[Any]",
    statements: Sequence[CompiledStatement] | CompiledClaim,
    rows: Sequence[Mapping[str, Any]],
    outcome: CompiledOutcome | None,
    beginning: Beginning,
) -> Sequence[Values | None]:
    """The commit has the driver's own time limit: who is told that it failed has to be right."""
    is_one_statement = isinstance(statements, CompiledClaim) or (
        len(statements) == 1 and outcome is None
    )
    begin = beginning.statement(needed=not is_one_statement)
    if begin is None:  # one statement is a transaction by itself
        if isinstance(statements, CompiledClaim):
            return await _claim(connection, statements, rows, timeout=None)
        await _execute(connection, statements[0], rows, timeout=None)
        return [None] * len(rows)
    await connection.execute(begin, timeout=_until_deadline())
    try:
        results = await _execute_all(connection, statements, rows, outcome)
    except Exception as error:
        if is_refusal(error):  # after anything else the connection is not used again
            await connection.execute("ROLLBACK;", timeout=_until_deadline())
        raise
    await connection.execute("COMMIT;")
    return results


async def _execute_all(
    connection: "Connection[Any]",
    statements: Sequence[CompiledStatement] | CompiledClaim,
    rows: Sequence[Mapping[str, Any]],
    outcome: CompiledOutcome | None,
) -> Sequence[Values | None]:
    if isinstance(statements, CompiledClaim):
        return await _claim(connection, statements, rows, timeout=_until_deadline())
    for statement in statements:
        await _execute(connection, statement, rows, timeout=_until_deadline())
    if outcome is None:
        return [None] * len(rows)
    keys = [row[outcome.name] for row in rows]
    found = await look_up(connection, outcome.lookup, keys)
    return [found.get(key) for key in keys]


async def _claim(
    connection: "Connection[Any]",
    claim: CompiledClaim,
    rows: Sequence[Mapping[str, Any]],
    *,
    timeout: float | None,
) -> Sequence[Values | None]:
    """Claim the rows of a batch in one statement."""
    used = await connection.fetch(claim.statement.text, *claim.arrays(rows), timeout=timeout)
    winners = dict(used)
    return [() if winners.get(row[claim.key]) == row[claim.winner] else None for row in rows]


async def _execute(
    connection: "Connection[Any]",
    statement: CompiledStatement,
    rows: Sequence[Mapping[str, Any]],
    *,
    timeout: float | None,
) -> None:
    if len(rows) == 1:
        await connection.execute(statement.text, *statement.bind(rows[0]), timeout=timeout)
    else:
        bound = [statement.bind(row) for row in rows]
        await connection.executemany(statement.text, bound, timeout=timeout)


def _until_deadline() -> float | None:
    """For the driver, whose own time limit counts where there is no deadline."""
    left = seconds_left(otherwise=-1)
    return None if left < 0 else max(left, 0.001)
