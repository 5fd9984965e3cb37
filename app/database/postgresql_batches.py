"""PostgreSQL: the statements that batches run on their connections."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from app.concurrency.deadline import seconds_left
from app.database.claims import CompiledClaim
from app.database.commits import seconds_to_commit
from app.database.errors import (
    RowLockedError,
    is_lock,
    is_refusal,
    translate,
)
from app.database.statements import (
    CompiledLookup,
    CompiledOutcome,
    CompiledStatement,
    Found,
    Values,
    Written,
)

if TYPE_CHECKING:
    from asyncpg import Connection

Result = TypeVar("Result")


MARGIN_SECONDS = 0.2
"""The server aborts statements this long before the deadline, so the error arrives in time."""

PATIENCE_SECONDS = 0.05
"""How long a batch waits for a lock before locked rows are separated from the others."""
PROBE_SECONDS = 0.005
MAXIMUM_PROBES, PROBES_IN_A_ROW = 24, 8
RETRY_SECONDS = 0.1
"""How long a row waits for its lock before other kinds of batches are retried."""


class Beginning:
    """The statement that begins a transaction, with the time limits that the session lacks.

    `timeout` is the statement timeout of the session in seconds. `lasting` are the settings to
    repeat in each transaction, because a pooler in transaction mode does not keep them.
    """

    def __init__(self, timeout: float, lasting: Mapping[str, str] | None = None) -> None:
        self._timeout = timeout
        self._lasting = lasting or {}

    def statement(self, *, needed: bool, lock_seconds: float | None = None) -> str | None:
        """Return the SQL, or None if nothing has to be set and no transaction is `needed`."""
        settings = dict(self._lasting)
        if lock_seconds is not None:
            settings["lock_timeout"] = _milliseconds(lock_seconds)
        left = seconds_left(otherwise=self._timeout + MARGIN_SECONDS) - MARGIN_SECONDS
        if left < self._timeout:
            settings["statement_timeout"] = _milliseconds(left)
        if not settings:
            return "BEGIN;" if needed else None
        return "BEGIN;" + "".join(f"SET LOCAL {name} = {settings[name]};" for name in settings)


async def look_up(
    connection: "Connection[Any]", lookup: CompiledLookup, keys: Sequence[Any]
) -> Found:
    """Return the rows of all keys with one statement, on a fresh snapshot."""
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
    """Write a batch in one transaction.

    If the table refuses a row, the rows are written one by one; if rows are locked by others, the
    rest is written without them.
    """
    try:
        return list(await write_together(connection, statements, rows, outcome, beginning))
    except Exception as error:
        if not (is_refusal(error) or is_lock(error)):
            raise
        if len(rows) == 1:
            return [_outcome_of(error)]
        if is_lock(error):
            batch = partial(
                write_together, connection, statements, outcome=outcome, beginning=beginning
            )
            return await _around_locks(batch, rows, Probes())
    results: list[Values | Exception | None] = []
    for row in rows:
        results.extend(await write(connection, statements, [row], outcome, beginning=beginning))
    return results


class Probes:
    """The remaining attempts at separating locked rows: mostly a few rows are locked, or all."""

    def __init__(self) -> None:
        self._left = MAXIMUM_PROBES
        self._left_in_a_row = PROBES_IN_A_ROW

    @property
    def are_used_up(self) -> bool:
        return min(self._left, self._left_in_a_row) <= 0

    def note(self, *, passed: bool) -> None:
        """Count a probe; `passed` is false if it met a lock."""
        self._left -= not passed
        self._left_in_a_row = PROBES_IN_A_ROW if passed else self._left_in_a_row - 1


async def _around_locks(
    transaction: Callable[..., Awaitable[Written]],
    rows: Sequence[Mapping[str, Any]],
    probes: Probes,
) -> Written:
    """Write the rows by bisection until each locked row is isolated or `probes` are used up."""
    results: list[Values | Exception | None] = []
    half = len(rows) // 2
    for part in (rows[:half], rows[half:]):
        if probes.are_used_up:
            results += [RowLockedError() for _ in part]
            continue
        try:
            results += await transaction(rows=part, lock_seconds=PROBE_SECONDS)
            probes.note(passed=True)
        except Exception as error:
            if not (is_refusal(error) or is_lock(error)):
                raise
            if len(part) == 1:
                results.append(_outcome_of(error))
            probes.note(passed=is_refusal(error))
            if len(part) > 1:
                results += await _around_locks(transaction, part, probes)
    return results


def _outcome_of(error: Exception) -> Exception:
    return RowLockedError() if is_lock(error) else translate(error)


def _milliseconds(seconds: float) -> str:
    return str(max(1, int(seconds * 1000)))


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
        await execute(connection, statement, [row], timeout=_until_deadline())
    finally:
        await connection.execute("ROLLBACK;", timeout=_until_deadline())


async def write_together(
    connection: "Connection[Any]",
    statements: Sequence[CompiledStatement] | CompiledClaim,
    rows: Sequence[Mapping[str, Any]],
    outcome: CompiledOutcome | None,
    beginning: Beginning,
    *,
    lock_seconds: float | None = None,
) -> Sequence[Values | None]:
    """Write rows in one transaction; raises the driver's error if the database refuses a row.

    The commit may take a little longer than the deadline. After any of the driver's errors that
    `may_have_committed` recognises, it is unknown whether the rows were written.
    """
    is_one_statement = isinstance(statements, CompiledClaim) or (
        len(statements) == 1 and outcome is None
    )
    begin = beginning.statement(needed=not is_one_statement, lock_seconds=lock_seconds)
    if begin is None:  # a single statement is its own transaction
        if isinstance(statements, CompiledClaim):
            return await _claim(connection, statements, rows, timeout=seconds_to_commit())
        await execute(connection, statements[0], rows, timeout=seconds_to_commit())
        return [None] * len(rows)
    await connection.execute(begin, timeout=_until_deadline())
    try:
        results = await _execute_all(connection, statements, rows, outcome)
    except Exception as error:
        if is_refusal(error) or is_lock(error):
            # after any other error the connection is not reused
            await connection.execute("ROLLBACK;", timeout=_until_deadline())
        raise
    await connection.execute("COMMIT;", timeout=seconds_to_commit())
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
        await execute(connection, statement, rows, timeout=_until_deadline())
    if outcome is None:
        return [None] * len(rows)
    keys = [row[outcome.name] for row in rows]
    outcomes = await look_up(connection, outcome.lookup, keys)
    return [outcomes.get(key) for key in keys]


async def _claim(
    connection: "Connection[Any]",
    claim: CompiledClaim,
    rows: Sequence[Mapping[str, Any]],
    *,
    timeout: float | None,
) -> Sequence[Values | None]:
    """Claim the rows of a batch in one statement."""
    used_rows = await connection.fetch(claim.statement.text, *claim.arrays(rows), timeout=timeout)
    winners = dict(used_rows)
    return [() if winners.get(row[claim.key]) == row[claim.winner] else None for row in rows]


async def execute(
    connection: "Connection[Any]",
    statement: CompiledStatement,
    rows: Sequence[Mapping[str, Any]],
    *,
    timeout: float | None,
) -> None:
    """Execute a statement for each row; the driver sends all of them at once."""
    if len(rows) == 1:
        await connection.execute(statement.text, *statement.bind(rows[0]), timeout=timeout)
    else:
        bound = [statement.bind(row) for row in rows]
        await connection.executemany(statement.text, bound, timeout=timeout)


def _until_deadline() -> float | None:
    """Return the seconds left, or None if there is no deadline: then the driver's limit applies."""
    seconds = seconds_left(otherwise=-1)
    return None if seconds < 0 else max(seconds, 0.001)
