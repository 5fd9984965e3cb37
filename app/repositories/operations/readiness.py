"""Readiness checks of the database: its schema, a lookup and a write on both pools."""

import sqlite3
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, inspect, select

from app.database.database import Database
from app.database.errors import driver_error, is_lost_connection, reason_of
from app.database.migrations import schema_problem
from app.database.statements import compile_lookup, compile_statement
from app.models.oauth.access_tokens import access_tokens
from app.models.tables import metadata
from app.repositories.inserts import value_of
from app.security.tokens import new_identifier

token = access_tokens.c
COLUMNS = (token.digest, token.client_id, token.scope, token.issued_at, token.expires_at)
READ_ONLY = "the database is read-only"
SQLITE_REASONS = {
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_CORRUPT: "the database file is damaged",
    sqlite3.SQLITE_NOTADB: "the database file is damaged",
    sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened",
}


class ReadinessRepository:
    """Readiness checks. The write inserts into the most frequently written table and rolls back."""

    def __init__(self, database: Database) -> None:
        self._backend = database.backend
        self._insert = insert(access_tokens).values(
            {column.name: value_of(column.name, column) for column in COLUMNS}
        )
        dialect = self._backend.dialect
        self._compiled_insert = compile_statement(self._insert, dialect)
        self._compiled_lookup = compile_lookup(select(token.client_id), token.digest, dialect)

    async def problem(self, *, now: datetime) -> str | None:
        """Return why the database is not ready, in one line for the operator, or None if it is."""
        row = {
            "digest": new_identifier().encode(),
            "client_id": "readiness",
            "scope": "",
            "issued_at": now,
            "expires_at": now,
        }
        try:
            return await self._examine(row)
        except Exception as error:  # noqa: BLE001 - any error is a result of the check
            if not is_lost_connection(cause_of(error)):
                return problem_of(error)
        try:  # one broken pooled connection does not mean that the next one fails
            return await self._examine(row)
        except Exception as error:  # noqa: BLE001 - as above
            return problem_of(error)

    async def _examine(self, row: dict[str, Any]) -> str | None:
        await self._backend.examine()
        problem = await self._schema_problem()
        if problem is None:
            await self._try(row)
        return problem

    async def _schema_problem(self) -> str | None:
        async with self._backend.engines.reader.connect() as connection:
            return await connection.run_sync(schema_problem) or await connection.run_sync(
                missing_table
            )

    async def _try(self, row: dict[str, Any]) -> None:
        engines = self._backend.engines
        async with self._backend.writing(), engines.writer.connect() as connection:
            await engines.wait_for_locks(connection)
            await connection.execute(self._insert, row)
            await connection.rollback()
        await self._backend.look_up(self._compiled_lookup, [row["digest"]])
        await self._backend.try_write(self._compiled_insert, row)


def missing_table(connection: Connection) -> str | None:
    existing = set(inspect(connection).get_table_names())
    missing = sorted(name for name in metadata.tables if name not in existing)
    return f"the table {missing[0]} is missing" if missing else None


def cause_of(error: Exception) -> BaseException:
    """Return the database driver's error that caused an exception."""
    return driver_error(error.__cause__ if error.__cause__ is not None else error)


def problem_of(error: Exception) -> str:
    """Return a one-line description of the problem that an exception reports."""
    cause = cause_of(error)
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in SQLITE_REASONS:
        return SQLITE_REASONS[code & 0xFF]
    if getattr(cause, "sqlstate", None) == "25006":
        return READ_ONLY
    return f"the database is not available: {reason_of(error)}"
