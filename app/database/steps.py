"""Steps: changes that stand or fall together, for many callers at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.dml import UpdateBase

from app.database.backend_batches import batch_on
from app.database.backends import Backend
from app.database.batching import MicroBatch
from app.database.statements import (
    CompiledOutcome,
    Values,
    Written,
    compile_lookup,
    compile_statement,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Finds, in the transaction of a step, what its caller wants to know.

    `given_as` is the name of the step's value that is the key.
    """

    statement: Select[Any]
    key: ColumnElement[Any]
    given_as: str

    def compiled(self, dialect: Dialect) -> CompiledOutcome:
        return CompiledOutcome(compile_lookup(self.statement, self.key, dialect), self.given_as)


class Step:
    """Statements that stand or fall together for one row of values; rows travel in batches.

    Every statement has to be safe to repeat (`ON CONFLICT DO NOTHING`, or a condition that holds
    after it was met), because a connection lost at commit leaves the outcome unknown and the step
    is then done again. `outcome` finds, in the same transaction, what the caller wants to know.
    `order` names the value by which rows are sorted, so that two batches never deadlock.
    `only_for_caller` says that a step which is not yet sent is pointless once its caller has hung
    up; what has to be recorded of a caller is none.
    """

    def __init__(
        self,
        backend: Backend,
        statements: Sequence[UpdateBase],
        *,
        outcome: Outcome | None = None,
        order: str | None = None,
        only_for_caller: bool = False,
    ) -> None:
        self._backend = backend
        self._compiled = [compile_statement(each, backend.dialect) for each in statements]
        self._order = order
        self._outcome = outcome.compiled(backend.dialect) if outcome is not None else None
        self._batch: MicroBatch[Mapping[str, Any], Values | None] = batch_on(
            backend,
            self._run,
            places=backend.writing_places,
            forgets_lost_callers=only_for_caller,
        )

    async def __call__(self, **values: Any) -> Values | None:
        """Has committed when it returns. Raises `RefusedRowError` for this row alone."""
        return await self._batch.submit(values)

    async def drain(self) -> None:
        await self._batch.drain()

    async def _run(self, rows: list[Mapping[str, Any]], *, again: bool = False) -> Written:
        if self._order is None or len(rows) == 1:
            return await self._backend.write(self._compiled, rows, self._outcome, again=again)
        order = self._order
        places = sorted(range(len(rows)), key=lambda place: rows[place][order])
        written = await self._backend.write(
            self._compiled, [rows[place] for place in places], self._outcome, again=again
        )
        results: list[Values | Exception | None] = [None] * len(rows)
        for place, result in zip(places, written, strict=True):
            results[place] = result
        return results
