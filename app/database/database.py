"""The database interface of repositories: batched lookups and writes, and ordinary statements."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import CTE, ColumnElement, CursorResult, Executable, Row, Select, Text, literal
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from app.concurrency.deadline import seconds_left
from app.database import commits
from app.database.backends import Backend
from app.database.batching import MicroBatch
from app.database.claim_steps import ClaimStep
from app.database.claims import Claim, CompiledClaim, Creation, compile_claim, compile_creation
from app.database.constraints import Unique
from app.database.errors import translated_errors
from app.database.exchanges import Exchange
from app.database.joined import current_connection
from app.database.lock_retries import LockWait, current_lock_wait
from app.database.lookups import Lookup, Value
from app.database.statements import (
    CompiledLookup,
    compile_joined_lookup,
    compile_lookup,
    sought_keys,
)
from app.database.steps import BatchedWrite, Outcome
from app.database.waiting import Item, Result

AttemptResult = TypeVar("AttemptResult")


class Database:
    """The database interface of repositories. A method has committed when it returns."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._batched: list[Lookup[Any] | BatchedWrite | ClaimStep | MicroBatch[Any, Any]] = []

    def lookup(
        self, statement: Select[Any], *, key: ColumnElement[Any], value: Callable[..., Value]
    ) -> Lookup[Value]:
        """Return a batched lookup; it calls `value` with the columns of the statement."""
        return self._lookup(
            lambda: compile_lookup(statement, key, self.backend.dialect),
            of_one=lambda sought: statement.where(key == sought),
            value=value,
        )

    def joined_lookup(
        self, join: Callable[[CTE], Select[Any]], *, value: Callable[..., Value]
    ) -> Lookup[Value]:
        """Return a batched lookup by a text that no column holds; see `compile_joined_lookup`."""
        return self._lookup(
            lambda: compile_joined_lookup(join, self.backend.dialect),
            of_one=lambda sought: join(sought_keys(literal(sought, Text))),
            value=value,
        )

    def _lookup(
        self,
        compiled: Callable[[], CompiledLookup],
        *,
        of_one: Callable[[Any], Select[Any]],
        value: Callable[..., Value],
    ) -> Lookup[Value]:
        lookup = Lookup(self.backend, compiled, of_one=of_one, value=value)
        self._batched.append(lookup)
        return lookup

    def step(
        self,
        *statements: UpdateBase,
        outcome: Outcome | None = None,
        order: str | None = None,
        only_for_caller: bool = False,
    ) -> BatchedWrite:
        """Return a batched write; see `Step`."""
        step = BatchedWrite(
            self.backend,
            statements,
            outcome=outcome,
            order=order,
            only_for_caller=only_for_caller,
        )
        self._batched.append(step)
        return step

    def claim(self, claim: Claim) -> ClaimStep:
        """Return a batched claim of rows; see `Claim`."""
        return self._claim(lambda: compile_claim(claim, self.backend.dialect))

    def creation(self, creation: Creation) -> ClaimStep:
        """Return a batched creation of rows; see `Creation`."""
        return self._claim(lambda: compile_creation(creation, self.backend.dialect))

    def _claim(self, compiled: Callable[[], CompiledClaim]) -> ClaimStep:
        step = ClaimStep(self.backend, compiled)
        self._batched.append(step)
        return step

    def exchange(self, statement: UpdateBase) -> Exchange:
        """Return an atomic, optimistically locked update of several rows; see `Exchange`."""
        return Exchange(self.backend, statement)

    def batch(
        self,
        run: Callable[[list[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        in_flight: int = 1,
    ) -> MicroBatch[Item, Result]:
        """Return a batch whose items the repository stores itself, with `run`; see `MicroBatch`."""
        batch = MicroBatch(run, in_flight=in_flight, time_limit=self.backend.time_limit)
        self._batched.append(batch)
        return batch

    async def find_one(self, statement: Executable, *, value: Callable[..., Value]) -> Value | None:
        """Return `value` of the columns of the first row, or None if there is none."""
        row = await self.fetch_one(statement)
        return value(*row) if row is not None else None

    async def find_all(
        self, statement: Executable, *, value: Callable[..., Value]
    ) -> Sequence[Value]:
        """Return `value` of the columns of each row."""
        return [value(*row) for row in await self.fetch_all(statement)]

    async def count(self, statement: Executable) -> int:
        """Return the number that a statement selects."""
        row = await self.fetch_one(statement)
        return int(row[0]) if row is not None else 0

    async def exists(self, statement: Executable) -> bool:
        """Return whether a statement selects any row."""
        return await self.fetch_one(statement) is not None

    async def fetch_one(self, statement: Executable) -> Row[Any] | None:
        return await self._fetch(statement, lambda result: result.first())

    async def fetch_all(self, statement: Executable) -> Sequence[Row[Any]]:
        return await self._fetch(statement, lambda result: result.all())

    async def _fetch(
        self, statement: Executable, take: Callable[[CursorResult[Any]], AttemptResult]
    ) -> AttemptResult:
        async def fetch() -> AttemptResult:
            async with self._reading() as connection:
                return take(await connection.execute(statement))

        return await self.retry_on_lock(_kind_of(statement), fetch)

    async def change(
        self, statement: UpdateBase, *expected: Unique, witness: commits.Witness | None = None
    ) -> Sequence[Row[Any]]:
        """Execute one statement, commit, and return the rows of its RETURNING clause.

        `expected` is as in `transaction`. A `witness` is needed if the statement is not idempotent.
        """

        async def change() -> Sequence[Row[Any]]:
            async with self.transaction(*expected) as connection:
                result = await connection.execute(statement)
                if witness is not None:
                    await commits.set_witness(connection, witness)
                return result.all() if result.returns_rows else ()

        return await self.retry_on_lock(f"change of {statement.table}", change)

    async def retry_on_lock(
        self, kind: str, attempt: Callable[[], Awaitable[AttemptResult]]
    ) -> AttemptResult:
        """Run an attempt, and retry it while a lock is held by others; see `LockRetries`."""
        if self.backend.lock_retries is None:
            return await attempt()
        return await self.backend.lock_retries.run(kind, attempt)

    @asynccontextmanager
    async def transaction(self, *expected: Unique) -> AsyncIterator[AsyncConnection]:
        """Open a transaction for statements that must be atomic. No network and no hashing inside.

        It is limited to the remaining time of the request. Raises `ConflictingRowError` if a row
        violates one of the constraints in `expected`; any other refusal of the database is a bug.
        If no response to the COMMIT arrives, the witness of the transaction tells whether it was
        committed (`commits.set_witness`). In an attempt that is retried, a lock that is not granted
        soon raises `RowLockedError`; otherwise the transaction waits for it. Inside `joined_by`, it
        is a part of the outer transaction, which commits it.
        """
        with translated_errors(
            *expected, retries_on_lock=current_lock_wait() is not LockWait.PATIENT
        ):
            outer = current_connection()
            if outer is not None:
                async with outer.begin_nested():
                    yield outer
                return
            try:
                async with self.backend.transaction() as connection:
                    yield connection
            except commits.CommitLostError as lost:
                await commits.find_out(lost, self.backend.engines)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        with translated_errors(retries_on_lock=current_lock_wait() is not LockWait.PATIENT):
            outer = current_connection()
            if outer is not None:
                yield outer
                return
            async with (
                asyncio.timeout(seconds_left(otherwise=self.backend.time_limit)),
                self.backend.reading() as connection,
            ):
                yield connection

    async def close(self) -> None:
        """Wait for running batches to end, then close every connection."""
        for batched in self._batched:
            await batched.drain()
        await self.backend.close()


def _kind_of(statement: Executable) -> str:
    """Return one kind for each table that is read: a lock on a whole table blocks its readers."""
    tables = statement.columns_clause_froms if isinstance(statement, Select) else ()
    return f"look-up in {tables[0] if tables else 'several tables'}"
