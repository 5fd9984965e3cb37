"""Writes several rows in one statement for each, and none of them where one is refused."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.database.errors import sqlstate
from app.database.statements import CompiledStatement

if TYPE_CHECKING:
    from asyncpg import Connection

REFUSED = frozenset({"23502", "40001", "40P01"})
"""A null that is not allowed; a transaction that another one stopped."""


async def on_postgresql(
    connection: "Connection[Any]", statement: CompiledStatement, rows: Sequence[Mapping[str, Any]]
) -> bool:
    """The driver sends all rows at once, in one transaction."""
    bound = [statement.bind(row) for row in rows]
    try:
        if len(bound) == 1:
            await connection.execute(statement.text, *bound[0])
        else:
            await connection.executemany(statement.text, bound)
    except Exception as error:
        if sqlstate(error) in REFUSED:
            return False
        raise
    return True


def on_sqlite(
    connection: sqlite3.Connection, statement: CompiledStatement, rows: Sequence[Mapping[str, Any]]
) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(statement.text, [statement.bind(row) for row in rows])
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.IntegrityError):
            return False
        raise
    return True
