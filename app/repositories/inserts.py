"""INSERT statements for batched steps: repeating one changes nothing."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Insert, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database


def value_of(name: str, like: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a bind parameter for a value of the step, with the type of the column `like`."""
    return bindparam(name, type_=like.type)


def values_in(table: Table, row: object) -> dict[str, Any]:
    """Return the values of a row object by column name, for an ordinary statement."""
    return {column.name: getattr(row, column.name) for column in table.columns}


def insert_once(database: Database, table: Table, **names: str) -> Insert:
    """Return an insert that does nothing if the row already exists.

    A column takes the step's value of the same name, or of the name in `names`. A nullable column
    stays NULL unless it is in `names`.
    """
    statement: Insert = (
        upsert(database, table)
        .values(
            {
                column: value_of(names.get(column.name, column.name), column)
                for column in table.columns
                if not column.nullable or column.name in names
            }
        )
        .on_conflict_do_nothing()
    )
    return statement


def insert_once_where(
    database: Database,
    table: Table,
    values: Mapping[ColumnElement[Any], ColumnElement[Any]],
    source: FromClause,
    *conditions: ColumnElement[bool],
) -> Insert:
    """Return an insert of the rows of `source` for which the conditions hold."""
    rows = select(*values.values()).select_from(source).where(*conditions)
    names = [column.key for column in values]
    statement: Insert = upsert(database, table).from_select(names, rows).on_conflict_do_nothing()
    return statement


def upsert(database: Database | AsyncConnection | Dialect, table: Table) -> Any:
    """Return an insert that supports ON CONFLICT, from the dialect of the database."""
    return (sqlite if _dialect_of(database).name == "sqlite" else postgresql).insert(table)


def _dialect_of(database: Database | AsyncConnection | Dialect) -> Dialect:
    if isinstance(database, Database):
        return database.backend.dialect
    return database.dialect if isinstance(database, AsyncConnection) else database
