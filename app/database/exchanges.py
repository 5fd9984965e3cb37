"""Changes of several rows that nobody else changed meanwhile: of all of them, or of none."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.sql.dml import UpdateBase

from app.database.backends import Backend
from app.database.statements import compile_statement


class Exchange:
    """A statement for one row, which refuses a row that is not as it was read.

    It does so by a constraint of the table, so that the transaction of all rows is refused.
    """

    def __init__(self, backend: Backend, statement: UpdateBase) -> None:
        self._backend = backend
        self._compiled = compile_statement(statement, backend.dialect)

    async def __call__(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Write the rows, in one order for all callers; False where one of them was refused.

        One round trip. After a lost connection it may be False although the rows were written.
        """
        return await self._backend.exchange(self._compiled, rows)
