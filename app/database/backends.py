"""What differs between the two databases, behind one interface."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.claims import CompiledClaim
from app.database.engines import Engines
from app.database.retries import Retries
from app.database.statements import (
    CompiledLookup,
    CompiledOutcome,
    CompiledStatement,
    Found,
    Values,
    Written,
)
from app.database.turns import Turns
from app.places import Places

Result = TypeVar("Result")
FindAtOnce = Callable[[CompiledLookup, Any], Values | None]

SECONDS_BESIDE_A_STATEMENT = 1.0
"""What a request has for all its database steps, beyond the time limit of a single one."""


class Backend(Protocol):
    """A database as the batches see it."""

    name: str
    engines: Engines
    dialect: Dialect
    concurrent_batches: int
    find_at_once: FindAtOnce | None
    """Finds a row without waiting for anything; raises `WouldWaitError` where it cannot."""
    time_limit: float
    """The seconds that a request has for all its database steps."""
    reading_places: Places
    """Lets as many batches of look-ups through as may be under way."""
    writing_places: Places
    """The same for steps; on SQLite ordinary transactions pass it too."""

    retries: Retries | None
    """Tries again what locks hold up, with `again`; None where it may as well stay in its queue."""

    turns: Turns | None
    """Runs transactions that give way; None where there is one lock, for which all wait in turn."""

    def writing(self) -> AbstractAsyncContextManager[object]:
        """Held by what writes beside the batches."""

    def transaction(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """An ordinary transaction that writes; it commits at the end.

        Raises `CommitLostError` where the connection is lost meanwhile.
        """

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection for statements that only read."""

    async def look_up(
        self, lookup: CompiledLookup, keys: Sequence[Any], *, again: bool = False
    ) -> Found:
        """Finds the rows of many keys on a fresh snapshot.

        Raises `DatabaseUnavailableError`, `RowLockedError` where a lock is in the way, or
        `UnstorableValueError` for a key that cannot be.
        """

    async def write(
        self,
        statements: Sequence[CompiledStatement] | CompiledClaim,
        rows: Sequence[Mapping[str, Any]],
        outcome: CompiledOutcome | None,
        *,
        again: bool = False,
    ) -> Written:
        """Writes many rows in one transaction; has committed when it returns.

        What concerns one row is its outcome. Raises `DatabaseUnavailableError`, or
        `RowLockedError` where a lock is in the way and nothing was written.
        """

    async def start_threads(self) -> None:
        """Start what it will need; raises `StartupError` where the system refuses."""

    async def warm_up(self) -> None:
        """Open the connections that have a thread each; the database has to be there."""

    async def examine(self) -> None:
        """Reopen the database file and check it; raises what is wrong with it."""

    async def try_write(self, statement: CompiledStatement, row: Mapping[str, Any]) -> None:
        """Execute a statement where batches are written, and roll it back; raises what fails."""

    async def exchange(
        self, statement: CompiledStatement, rows: Sequence[Mapping[str, Any]]
    ) -> bool:
        """Writes rows that are as they were read, in one transaction; see `Exchange`."""

    async def close(self) -> None: ...
