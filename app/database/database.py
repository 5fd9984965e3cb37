"""The database as repositories use it: batched look-ups and steps, and ordinary statements."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Executable, Row, Select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from app.database.backends import Backend
from app.database.batching import MicroBatch
from app.database.errors import translate, translated_errors
from app.database.statements import compile_lookup, compile_statement

Value = TypeVar("Value")


class Lookup(Generic[Value]):
    """Finds one row by key. Look-ups made meanwhile travel together, and see what was committed
    before they were made."""

    def __init__(
        self,
        backend: Backend,
        statement: Select[Any],
        key: ColumnElement[Any],
        value: Callable[..., Value],
    ) -> None:
        self._backend = backend
        self._compiled = compile_lookup(statement, key, backend.dialect)
        self._value = value
        self._batch: MicroBatch[Any, Value | None] = MicroBatch(
            self._run, in_flight=backend.concurrent_batches
        )

    async def __call__(self, key: Any) -> Value | None:
        return await self._batch.submit(key)

    async def drain(self) -> None:
        await self._batch.drain()

    async def _run(self, keys: list[Any]) -> list[Value | Exception | None]:
        try:
            found = await self._backend.look_up(self._compiled, keys)
        except Exception as error:
            raise translate(error) from error
        values = {key: self._value(*row) for key, row in found.items()}
        return [values.get(key) for key in keys]


class Step:
    """Statements that stand or fall together for one row of values; rows travel in batches.

    Every statement has to be safe to repeat (`ON CONFLICT DO NOTHING`, or a condition that holds
    after it was met), because a connection lost at commit leaves the outcome unknown and the step
    is then done again. `outcome` finds, in the same transaction, what the caller wants to know.
    `order` names the value by which rows are sorted, so that two batches never deadlock.
    """

    def __init__(
        self,
        backend: Backend,
        statements: Sequence[UpdateBase],
        *,
        outcome: tuple[Select[Any], ColumnElement[Any], str] | None = None,
        order: str | None = None,
    ) -> None:
        self._backend = backend
        self._compiled = [compile_statement(each, backend.dialect) for each in statements]
        self._order = order
        self._outcome = None
        if outcome is not None:
            statement, key, name = outcome
            self._outcome = (compile_lookup(statement, key, backend.dialect), name)
        self._batch: MicroBatch[Mapping[str, Any], tuple[Any, ...] | None] = MicroBatch(
            self._run, in_flight=backend.concurrent_batches
        )

    async def __call__(self, **values: Any) -> tuple[Any, ...] | None:
        """Has committed when it returns. Raises `ConflictingRowError` for this row alone."""
        return await self._batch.submit(values)

    async def drain(self) -> None:
        await self._batch.drain()

    async def _run(
        self, rows: list[Mapping[str, Any]]
    ) -> Sequence[tuple[Any, ...] | Exception | None]:
        if self._order is None or len(rows) == 1:
            return await self._backend.write(self._compiled, rows, self._outcome)
        order = self._order
        places = sorted(range(len(rows)), key=lambda place: rows[place][order])
        written = await self._backend.write(
            self._compiled, [rows[place] for place in places], self._outcome
        )
        results: list[tuple[Any, ...] | Exception | None] = [None] * len(rows)
        for place, result in zip(places, written, strict=True):
            results[place] = result
        return results


class Database:
    """What repositories are built on. A method has committed when it returns."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._batched: list[Lookup[Any] | Step] = []

    def lookup(
        self, statement: Select[Any], *, key: ColumnElement[Any], value: Callable[..., Value]
    ) -> Callable[[Any], Awaitable[Value | None]]:
        """Makes a batched look-up: `value` is called with the columns of the statement."""
        made = Lookup(self.backend, statement, key, value)
        self._batched.append(made)
        return made

    def step(
        self,
        *statements: UpdateBase,
        outcome: tuple[Select[Any], ColumnElement[Any], str] | None = None,
        order: str | None = None,
    ) -> Step:
        """Makes a batched step; see `Step`."""
        made = Step(self.backend, statements, outcome=outcome, order=order)
        self._batched.append(made)
        return made

    async def fetch_one(self, statement: Executable) -> Row[Any] | None:
        with translated_errors():
            async with self.backend.engines.reader.connect() as connection:
                return (await connection.execute(statement)).first()

    async def fetch_all(self, statement: Executable) -> Sequence[Row[Any]]:
        with translated_errors():
            async with self.backend.engines.reader.connect() as connection:
                return (await connection.execute(statement)).all()

    async def change(self, statement: UpdateBase) -> Sequence[Row[Any]]:
        """Executes one statement, commits, and gives the rows of its RETURNING."""
        async with self.transaction() as connection:
            result = await connection.execute(statement)
            return result.all() if result.returns_rows else ()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """For steps that stand or fall together. No network and no hashing inside."""
        with translated_errors():
            async with self.backend.writing(), self.backend.engines.writer.begin() as connection:
                yield connection

    async def ping(self) -> None:
        """Raises `DatabaseUnavailableError` where the database does not answer."""
        await self.fetch_one(text("SELECT 1"))

    async def close(self) -> None:
        """Lets what is under way come to its end, then closes every connection."""
        for batched in self._batched:
            await batched.drain()
        await self.backend.close()
