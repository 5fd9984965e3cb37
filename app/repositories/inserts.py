"""How a batched step stores a row: repeating it changes nothing."""

from typing import Any

from sqlalchemy import Insert, Select, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

from app.database.database import Database


def insert_once(database: Database, table: Table, **names: str) -> Any:
    """An insert that ignores a row which is already there.

    A column takes the step's value of its own name, or of the name given here. A column that may
    be null is left so unless it is given.
    """
    return (
        _insert(database, table)
        .values(
            {
                column: bindparam(names.get(column.name, column.name), type_=column.type)
                for column in table.columns
                if not column.nullable or column.name in names
            }
        )
        .on_conflict_do_nothing()
    )


def insert_once_from(database: Database, table: Table, rows: Select[Any]) -> Any:
    """An insert of what a query finds, in the order of the table's columns."""
    return (
        _insert(database, table)
        .from_select([column.name for column in table.columns], rows)
        .on_conflict_do_nothing()
    )


def _insert(database: Database, table: Table) -> Any:
    dialect = sqlite if database.backend.name == "sqlite" else postgresql
    made: Insert = dialect.insert(table)
    return made
