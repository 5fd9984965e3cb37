"""How a batched step stores a row: repeating it changes nothing."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Insert, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database


def value_of(name: str, like: ColumnElement[Any]) -> ColumnElement[Any]:
    """A value that the step is given, of the type of a column."""
    return bindparam(name, type_=like.type)


def values_in(table: Table, row: object) -> dict[str, Any]:
    """The columns of a frozen value, as an ordinary statement takes them."""
    return {column.name: getattr(row, column.name) for column in table.columns}


def insert_once(database: Database, table: Table, **names: str) -> Insert:
    """An insert that ignores a row which is already there.

    A column takes the step's value of its own name, or of the name given here. A column that may
    be null is left so unless it is given.
    """
    made: Insert = (
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
    return made


def insert_once_where(
    database: Database,
    table: Table,
    values: Mapping[ColumnElement[Any], ColumnElement[Any]],
    source: FromClause,
    *conditions: ColumnElement[bool],
) -> Insert:
    """An insert that happens only where the conditions hold in `source`."""
    rows = select(*values.values()).select_from(source).where(*conditions)
    names = [column.key for column in values]
    made: Insert = upsert(database, table).from_select(names, rows).on_conflict_do_nothing()
    return made


def upsert(database: Database | AsyncConnection, table: Table) -> Any:
    """An insert that knows ON CONFLICT, which each database spells in a class of its own."""
    dialect = database.backend.dialect if isinstance(database, Database) else database.dialect
    return (sqlite if dialect.name == "sqlite" else postgresql).insert(table)
