"""Find out what a downgrade would delete, by running it and rolling it back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, inspect

NOT_DATA = frozenset(
    {"alembic_version", "schema_revisions", "audit_head", "audit_outbox", "key_checks"}
)
"""Tables that do not count as data: the revisions, the head of the audit log (every downgrade keeps
it), its outbox (a downgrade numbers the pending events), and the table that each start writes."""
DATA_IN = {"roles": "role_id NOT IN ('administrator', 'auditor')"}
"""Conditions for the rows of a table that are data: the others are inserted by migrations."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows or values that a downgrade deletes.

    `name` is the table, or `table.column` if only the values of that column are lost.
    """

    name: str
    count: int

    def __str__(self) -> str:
        what = "value" if "." in self.name else "row"
        return f"{self.name}: {self.count} {what}{'' if self.count == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class _Shape:
    """The number of rows of each table, and the default of each column by `table.column`."""

    rows: Mapping[str, int]
    columns: Mapping[str, str | None]


def losses_of(
    connection: Connection, downgrade: Callable[[], None], *, moves_back: Mapping[str, str]
) -> list[Loss]:
    """Return what `downgrade` deletes. Nothing is changed: it runs inside a savepoint.

    `moves_back` maps a table to the one into which a downgrade moves its rows, as migrations
    declare.
    """
    before = _shape_of(connection)
    savepoint = connection.begin_nested()
    try:
        downgrade()
        after = _shape_of(connection)
    finally:
        savepoint.rollback()
    lost = [
        Loss(table, rows - after.rows.get(table, _moved(moves_back.get(table, ""), before, after)))
        for table, rows in before.rows.items()
    ]
    lost += [
        Loss(name, _count_values(connection, name, default))
        for name, default in before.columns.items()
        if name not in after.columns and name.partition(".")[0] in after.rows
    ]
    return [loss for loss in lost if loss.count > 0]


def _moved(target: str, before: _Shape, after: _Shape) -> int:
    """Return how many rows of a dropped table were moved to `target`."""
    return max(0, after.rows.get(target, 0) - before.rows.get(target, 0))


def _shape_of(connection: Connection) -> _Shape:
    inspector = inspect(connection)
    tables = [name for name in inspector.get_table_names() if name not in NOT_DATA]
    columns = {
        f"{table}.{column['name']}": column["default"]
        for table in tables
        for column in inspector.get_columns(table)
    }
    rows = {
        table: _count(
            connection, f"{_quoted(connection, table)} WHERE {DATA_IN.get(table, 'true')}"
        )
        for table in tables
    }
    if inspector.has_table("audit_outbox"):  # a downgrade numbers these before it deletes events
        waiting = _count(connection, "audit_outbox WHERE sequenced_at IS NULL")
        rows["audit_events"] = rows.get("audit_events", 0) + waiting
    return _Shape(rows, columns)


def _count_values(connection: Connection, name: str, default: str | None) -> int:
    """Count the values of a column that are neither NULL nor its default."""
    table, column = (_quoted(connection, part) for part in name.split("."))
    condition = f"{column} IS NOT NULL" + (f" AND {column} <> ({default})" if default else "")
    return _count(connection, f"{table} WHERE {condition}")


def _count(connection: Connection, source: str) -> int:
    statement = f"SELECT count(*) FROM {source}"  # noqa: S608 - names from the schema, quoted
    return int(connection.exec_driver_sql(statement).scalar_one())


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
