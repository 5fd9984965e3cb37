"""Steps: batched atomic writes for many callers."""

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.dml import UpdateBase

from app.database.backend_batches import batch_on
from app.database.backends import Backend
from app.database.batching import MicroBatch
from app.database.statements import (
    CompiledOutcome,
    CompiledStatement,
    Values,
    Written,
    compile_lookup,
    compile_statement,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A query that returns the outcome of a step to its caller, in the same transaction.

    `bound_as` is the name of the value of the step that is used as the key.
    """

    statement: Select[Any]
    key: ColumnElement[Any]
    bound_as: str

    def compiled(self, dialect: Dialect) -> CompiledOutcome:
        return CompiledOutcome(compile_lookup(self.statement, self.key, dialect), self.bound_as)


class BatchedWrite:
    """Statements that are executed atomically for one row of values; rows are sent in batches.

    Every statement must be idempotent (`ON CONFLICT DO NOTHING`, or a condition that still holds
    after the change), because a connection that is lost during a commit leaves the outcome unknown,
    and the step is then repeated. `outcome` is queried in the same transaction, and its row is
    returned to the caller. `order` names the value by which rows are sorted, so that two batches
    never deadlock. `only_for_caller` drops a step that has not been sent yet when its caller has
    disconnected; do not set it for steps that must be recorded in any case.
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
        self._statements = statements
        self._order = order
        self._outcome = outcome
        self._batch: MicroBatch[Mapping[str, Any], Values | None] = batch_on(
            backend,
            self._run,
            places=backend.writing_places,
            forgets_lost_callers=only_for_caller,
        )

    @cached_property
    def _compiled(self) -> tuple[Sequence[CompiledStatement], CompiledOutcome | None]:
        dialect = self._backend.dialect
        outcome = self._outcome.compiled(dialect) if self._outcome is not None else None
        return [compile_statement(statement, dialect) for statement in self._statements], outcome

    def __call__(self, **values: Any) -> Coroutine[Any, Any, Values | None]:
        """Write one row, which has committed when the coroutine returns.

        Raises `RefusedRowError` if the database refuses this row.
        """
        return self._batch.submit(values)

    async def drain(self) -> None:
        await self._batch.drain()

    async def _run(self, rows: list[Mapping[str, Any]], *, again: bool = False) -> Written:
        statements, outcome = self._compiled
        if self._order is None or len(rows) == 1:
            return await self._backend.write(statements, rows, outcome, again=again)
        order = self._order
        places = sorted(range(len(rows)), key=lambda place: rows[place][order])
        written = await self._backend.write(
            statements, [rows[place] for place in places], outcome, again=again
        )
        results: list[Values | Exception | None] = [None] * len(rows)
        for place, result in zip(places, written, strict=True):
            results[place] = result
        return results
