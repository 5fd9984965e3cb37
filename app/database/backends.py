"""The interface that hides the differences between SQLite and PostgreSQL."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from app.concurrency.places import Places
from app.database.claims import CompiledClaim
from app.database.engines import Engines
from app.database.lock_retries import LockRetries
from app.database.retries import Retries
from app.database.statements import (
    CompiledLookup,
    CompiledOutcome,
    CompiledStatement,
    Found,
    Values,
    Written,
)

Result = TypeVar("Result")
FindAtOnce = Callable[[CompiledLookup, Any], Values | None]

SECONDS_BESIDE_A_STATEMENT = 1.0
"""Added to the time limit of one statement: the time a request has for all its statements."""


class Backend(Protocol):
    """The interface that batches use to access a database."""

    name: str
    engines: Engines
    dialect: Dialect
    concurrent_batches: int
    find_at_once: FindAtOnce | None
    """Finds a row without waiting, or raises `WouldWaitError`; None if the backend cannot do so."""
    time_limit: float
    """Seconds that a request has for all its database statements."""
    reading_places: Places
    """Limits how many batches of lookups run at once."""
    writing_places: Places
    """Limits how many batches of writes run at once; on SQLite, ordinary transactions count too."""

    retries: Retries | None
    """Retries items that wait for locks, with `again`; None if they stay in their queue instead."""

    lock_retries: LockRetries | None
    """Retries transactions that meet a lock; None if the database has only one lock."""

    def writing(self) -> AbstractAsyncContextManager[object]:
        """Return a context manager to hold during writes outside the batches."""

    def transaction(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open an ordinary write transaction that commits at the end.

        Raises `CommitLostError` if no response to the commit arrives.
        """

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a connection for read-only statements."""

    async def look_up(
        self, lookup: CompiledLookup, keys: Sequence[Any], *, again: bool = False
    ) -> Found:
        """Return the rows of many keys, read from a fresh snapshot.

        Raises `DatabaseUnavailableError`, `RowLockedError` if a lock was not granted in time, or
        `UnstorableValueError` for a key that the database cannot hold.
        """

    async def write(
        self,
        statements: Sequence[CompiledStatement] | CompiledClaim,
        rows: Sequence[Mapping[str, Any]],
        outcome: CompiledOutcome | None,
        *,
        again: bool = False,
    ) -> Written:
        """Write many rows in one transaction, which has committed when this returns.

        An error that concerns one row is returned as the outcome of that row. Raises
        `DatabaseUnavailableError`, or `RowLockedError` if a lock was not granted in time and
        nothing was written.
        """

    async def start_threads(self) -> None:
        """Start all threads of the backend; raises `StartupError` if the system refuses one."""

    async def warm_up(self) -> None:
        """Open the connections that each have their own thread; the database must exist."""

    async def examine(self) -> None:
        """Reopen the database file and check it; raises the driver's error if it is unusable."""

    async def try_write(self, statement: CompiledStatement, row: Mapping[str, Any]) -> None:
        """Execute a statement on a connection of the batches and roll it back; raises any error."""

    async def exchange(
        self, statement: CompiledStatement, rows: Sequence[Mapping[str, Any]]
    ) -> bool:
        """Write rows in one transaction if none has changed since it was read; see `Exchange`."""

    async def close(self) -> None: ...
