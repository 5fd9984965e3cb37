"""Atomic updates of several rows, with optimistic locking."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy.sql.dml import UpdateBase

from app.database.backends import Backend
from app.database.statements import CompiledStatement, compile_statement


class Exchange:
    """A statement for one row that fails if the row has changed since it was read.

    It fails by violating a constraint of the table, which rolls back the transaction of all rows.
    """

    def __init__(self, backend: Backend, statement: UpdateBase) -> None:
        self._backend = backend
        self._statement = statement

    @cached_property
    def _compiled(self) -> CompiledStatement:
        return compile_statement(self._statement, self._backend.dialect)

    async def __call__(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Write the rows; return False if one of them has changed.

        Every caller must pass rows in the same order. Takes one round trip. After a lost
        connection the result may be False although the rows were written.
        """
        return await self._backend.exchange(self._compiled, rows)
