"""SQLite: pragmas, and threads that run a whole batch in one call."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from app.concurrency.threads import start_threads
from app.database.claims import CompiledClaim
from app.database.errors import RowLockedError, is_lock, is_refusal, translate
from app.database.statements import (
    CompiledLookup,
    CompiledOutcome,
    CompiledStatement,
    Found,
    Values,
    Written,
)

Result = TypeVar("Result")


def prepare_connection(connection: Any, *, busy_timeout: float, synchronous: str) -> None:
    """Set the pragmas of a connection: one of sqlite3, or an adapted one of SQLAlchemy."""
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(busy_timeout * 1000)}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute(f"PRAGMA synchronous = {synchronous}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.close()


PATIENCE_SECONDS = 0.1
"""How long a batch waits for the file lock before the deadlines of its callers are checked."""


class WouldWaitError(Exception):
    """The event loop cannot read this row now without waiting."""


WORTH_A_TRANSACTION = 3
"""Reads in one turn of the event loop from which on they share a transaction."""


class QuickReader:
    """A connection for reads in the thread of the event loop.

    A lookup by key in a file that the system has cached takes 5 microseconds; passing it to a
    thread and back takes 50. It never waits for a lock: if SQLite would, a thread takes over.

    The reads of one turn of the event loop share a transaction, which saves the locking of the file
    for each. Its snapshot is newer than any of their requests: what a request may have seen
    committed was committed before the turn began.
    """

    def __init__(self, path: Path, *, synchronous: str) -> None:
        self._path = path
        self._synchronous = synchronous
        self._connection: sqlite3.Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reads_of_this_turn = 0

    def find(self, lookup: CompiledLookup, key: Any) -> Values | None:
        """Return the row of a key, or None; raises `WouldWaitError` if a lock would block."""
        try:
            connection = self._connection or self._connect()
            self._reads_of_this_turn += 1
            if self._reads_of_this_turn == 1:
                self._call_at_end_of_turn()
            elif self._reads_of_this_turn == WORTH_A_TRANSACTION:
                connection.execute("BEGIN")
            row = connection.execute(lookup.text, (key,)).fetchone()
        except sqlite3.OperationalError as error:
            raise WouldWaitError from error
        except UnicodeEncodeError:
            return None  # no row has a key that cannot be stored
        return lookup.read(row) if row is not None else None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        prepare_connection(connection, busy_timeout=0, synchronous=self._synchronous)
        self._connection = connection
        return connection

    def _call_at_end_of_turn(self) -> None:
        loop = self._loop
        if loop is None:  # cached, as in `MicroBatch`
            loop = self._loop = asyncio.get_running_loop()
        loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._reads_of_this_turn = 0
        if self._connection is not None and self._connection.in_transaction:
            self._connection.execute("COMMIT")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class SqliteThread:
    """A connection with its own thread; opened when it is first needed."""

    def __init__(self, path: Path, *, name: str, busy_timeout: float, synchronous: str) -> None:
        self._path = path
        self._busy_timeout = busy_timeout
        self._synchronous = synchronous
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._connection: sqlite3.Connection | None = None

    async def start(self) -> None:
        """Start the thread; its connection is opened when it is first needed."""
        await start_threads(self._executor, count=1)

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run `work` in the thread to its end, even if the caller is cancelled.

        Raises `RowLockedError` if another process holds a lock.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._call, work)

    async def run_apart(self, work: Callable[[], Result]) -> Result:
        """Run `work` in the thread without its connection, which is not opened."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    async def close(self) -> None:
        if self._connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._disconnect)
        self._executor.shutdown(wait=True)

    def _call(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        try:
            return work(self._connection or self._connect())
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise _ours(error) from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=self._busy_timeout)
        try:
            prepare_connection(
                connection, busy_timeout=self._busy_timeout, synchronous=self._synchronous
            )
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def look_up(connection: sqlite3.Connection, lookup: CompiledLookup, keys: Sequence[Any]) -> Found:
    """Return the rows of the keys; each key is read on a fresh snapshot."""
    execute = connection.execute
    rows = {}
    for key in keys:
        row = execute(lookup.text, (key,)).fetchone()
        if row is not None:
            rows[key] = lookup.read(row)
    return rows


def examine(path: Path, *, busy_timeout: float) -> None:
    """Reopen the file, take its write lock and read the first row of each table.

    Raises `sqlite3.Error` if the file is read-only, damaged or missing.
    """
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with closing(
        sqlite3.connect(uri, uri=True, isolation_level=None, timeout=busy_timeout)
    ) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE try_write (x)")  # BEGIN does not detect a read-only file
        connection.execute("ROLLBACK")
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (name,) in names.fetchall():
            connection.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone()  # noqa: S608 - a name from the schema


def is_read_only(path: Path) -> bool:
    """Return whether the file is read-only; a lock of another process does not count."""
    try:
        examine(path, busy_timeout=0)
    except sqlite3.Error as error:
        return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_READONLY
    return False


def try_write(
    connection: sqlite3.Connection, statement: CompiledStatement, row: Mapping[str, Any]
) -> None:
    """Execute a statement and roll it back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(statement.text, statement.bind(row))
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def write(
    connection: sqlite3.Connection,
    statements: Sequence[CompiledStatement] | CompiledClaim,
    rows: Sequence[Mapping[str, Any]],
    outcome: CompiledOutcome | None,
) -> Written:
    """Write a batch in one transaction; if the table refuses a row, write the rows one by one."""
    try:
        return list(write_together(connection, statements, rows, outcome))
    except (sqlite3.Error, UnicodeEncodeError) as error:
        if not is_refusal(error) or len(rows) == 1:
            raise
    results: list[Values | Exception | None] = []
    for row in rows:
        try:
            results.extend(write_together(connection, statements, [row], outcome))
        except (sqlite3.Error, UnicodeEncodeError) as error:
            results.append(_ours(error))
    return results


def write_together(
    connection: sqlite3.Connection,
    statements: Sequence[CompiledStatement] | CompiledClaim,
    rows: Sequence[Mapping[str, Any]],
    outcome: CompiledOutcome | None,
) -> Sequence[Values | None]:
    """Write a batch in one transaction; raises the driver's error if the table refuses a row."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        results: Sequence[Values | None] = [None] * len(rows)
        if isinstance(statements, CompiledClaim):
            results = _claim(connection, statements, rows)
        else:
            for statement in statements:
                connection.executemany(statement.text, [statement.bind(row) for row in rows])
        if outcome is not None:
            lookup, name = outcome.lookup, outcome.name
            found_rows = look_up(connection, lookup, [row[name] for row in rows])
            results = [found_rows.get(row[name]) for row in rows]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return results


def _ours(error: Exception) -> Exception:
    return RowLockedError() if is_lock(error) else translate(error)


def _claim(
    connection: sqlite3.Connection, claim: CompiledClaim, rows: Sequence[Mapping[str, Any]]
) -> Sequence[Values | None]:
    """Claim row by row, then store the rows of the winners."""
    use, execute = claim.statement, connection.execute
    processed = [claim.processed(row) for row in rows]  # once for all statements
    if claim.guard is None:
        is_used = [execute(use.text, use.pick(row)).rowcount == 1 for row in processed]
    else:
        is_used = [
            _is_admitted(connection, *claim.guard, row)
            and execute(use.text, use.pick(row)).rowcount == 1
            for row in processed
        ]
    winners = [row for row, is_winner in zip(processed, is_used, strict=True) if is_winner]
    for insert in claim.inserts:
        connection.executemany(insert.text, map(insert.pick, winners))
    return [() if is_winner else None for is_winner in is_used]


def _is_admitted(
    connection: sqlite3.Connection,
    insert: CompiledStatement,
    is_own: CompiledStatement,
    row: Mapping[str, Any],
) -> bool:
    """Store the row of the guard, and return whether it is the caller's."""
    connection.execute(insert.text, insert.pick(row))
    return connection.execute(is_own.text, is_own.pick(row)).fetchone() is not None
