"""Writes several rows in one statement for each, and none of them where one is refused."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.database import sqlite
from app.database.errors import sqlstate
from app.database.postgresql_batches import Beginning, write_together
from app.database.statements import CompiledStatement

if TYPE_CHECKING:
    from asyncpg import Connection

REFUSED = frozenset({"23502", "40001", "40P01"})
"""A null that is not allowed; a transaction that another one stopped."""


async def on_postgresql(
    connection: "Connection[Any]",
    statement: CompiledStatement,
    rows: Sequence[Mapping[str, Any]],
    *,
    beginning: Beginning,
) -> bool:
    """The driver sends all rows at once, in one transaction."""
    try:
        await write_together(connection, [statement], rows, None, beginning)
    except Exception as error:
        if sqlstate(error) in REFUSED:
            return False
        raise
    return True


def on_sqlite(
    connection: sqlite3.Connection, statement: CompiledStatement, rows: Sequence[Mapping[str, Any]]
) -> bool:
    try:
        sqlite.write_together(connection, [statement], rows, outcome=None)
    except sqlite3.IntegrityError:
        return False
    return True
