"""Write several rows with one statement for each row, or none if the database refuses one."""

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
"""SQLSTATEs that mean nothing was written: a NULL that is not allowed, a serialization failure, a
deadlock."""


async def on_postgresql(
    connection: "Connection[Any]",
    statement: CompiledStatement,
    rows: Sequence[Mapping[str, Any]],
    *,
    beginning: Beginning,
) -> bool:
    """Send all rows at once, in one transaction; return False if the database refused one."""
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
    """Write all rows in one transaction; return False if the database refused one."""
    try:
        sqlite.write_together(connection, [statement], rows, outcome=None)
    except sqlite3.IntegrityError:
        return False
    return True
