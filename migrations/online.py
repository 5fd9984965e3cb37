"""Changes to tables that may be large and in use, so that nobody waits long for a lock.

On PostgreSQL, where the schema is in use, fills go in batches that commit by themselves, indexes
are created concurrently, and a constraint is added without a look at the rows and then validated.
What was committed stays when a migration is stopped, so each of these can be repeated, and comes
before everything else in its migration. Elsewhere (SQLite, a new database) all is one transaction.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa
from alembic import context, op

BATCH_ROWS = 2000
LOCK_TIMEOUT = "SELECT set_config('lock_timeout', '500ms', true)"
IS_VALID = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")

Compute = Callable[[Any], Mapping[str, Any]]
"""The new values of a row, by column; none where it stays as it is."""

Insert = Callable[[sa.Subquery], sa.Executable]
"""The statement that inserts what a batch of rows gives; it has to be repeatable."""


def is_online() -> bool:
    """Return whether other servers may use the schema meanwhile."""
    return bool(context.config.attributes["in_steps"])


def add_column(table: str, column: sa.Column[Any]) -> None:
    """Add a column that is nullable or has a constant default: no row is rewritten."""
    op.add_column(table, column, if_not_exists=is_online() or None)


def create_index(name: str, table: str, columns: Sequence[str], **options: Any) -> None:
    """Create an index while others write to the table."""
    if not is_online():
        op.create_index(name, table, columns, **options)
        return
    with op.get_context().autocommit_block():
        is_valid = op.get_bind().execute(IS_VALID, {"name": name}).scalar()
        if is_valid is False:  # it was stopped half-way
            op.drop_index(name, table, postgresql_concurrently=True)
        if not is_valid:
            op.create_index(name, table, columns, postgresql_concurrently=True, **options)


def run(statement: str) -> None:
    """Execute one statement in a transaction of its own; it has to be quick, and repeatable."""
    with _commits(), _transaction() as connection:
        connection.execute(sa.text(statement))


def fill(
    table: sa.TableClause, key: str, values: Mapping[str, Any], *, where: sa.ColumnElement[bool]
) -> None:
    """Set columns to SQL expressions, in batches along the key.

    `where` leaves out the rows that are filled already.
    """
    column = table.c[key]
    after: Any = None
    with _commits():
        while True:
            keys = sa.select(column).order_by(column).limit(BATCH_ROWS)
            if after is not None:
                keys = keys.where(column > after)
            with _transaction() as connection:
                last = connection.execute(sa.select(sa.func.max(keys.subquery().c[0]))).scalar()
                if last is None:
                    return
                batch = sa.update(table).where(column <= last, where).values(values)
                connection.execute(batch.where(column > after) if after is not None else batch)
            after = last


def fill_computed(
    table: sa.TableClause, key: Sequence[str], source: sa.Select[Any], compute: Compute
) -> None:
    """Set columns to what `compute` returns for each row of `source`, in batches along the key.

    The rows of `source` begin with the key.
    """
    columns = [table.c[name] for name in key]
    theirs = [column == sa.bindparam(f"key_{column.name}") for column in columns]
    after: Sequence[Any] | None = None
    with _commits():
        while True:
            page = source.order_by(*columns).limit(BATCH_ROWS)
            if after is not None:
                page = page.where(sa.tuple_(*columns) > sa.tuple_(*after))
            with _transaction() as connection:
                rows = connection.execute(page).all()
                changes = [
                    {**{f"key_{name}": row[at] for at, name in enumerate(key)}, **new}
                    for row in rows
                    if (new := compute(row))
                ]
                if changes:
                    names = [name for name in changes[0] if not name.startswith("key_")]
                    values: dict[str, Any] = {name: sa.bindparam(name) for name in names}
                    connection.execute(sa.update(table).where(*theirs).values(values), changes)
            if len(rows) < BATCH_ROWS:
                return
            after = rows[-1][: len(key)]


def insert_from(
    source: sa.TableClause, key: str, insert: Insert, *, where: sa.ColumnElement[bool] | None = None
) -> None:
    """Insert into another table what the rows of `source` give, in batches along the key."""
    column = source.c[key]
    rows = sa.select(source).where(where) if where is not None else sa.select(source)
    after: Any = None
    with _commits():
        while True:
            rest = rows.where(column > after) if after is not None else rows
            keys = rest.order_by(column).limit(BATCH_ROWS).subquery().c[key]
            with _transaction() as connection:
                # PostgreSQL has no max() of binary keys
                last = connection.execute(sa.select(keys).order_by(keys.desc()).limit(1)).scalar()
                if last is None:
                    return
                connection.execute(insert(rest.where(column <= last).subquery()))
            after = last


def fill_new_table(
    table: sa.Table,
    source: sa.Select[Any],
    *,
    rows_of: Callable[[Any], Iterable[Mapping[str, Any]]],
) -> None:
    """Insert what `rows_of` returns for each row of `source`, in batches along its first column.

    This is for a table that the same migration created: nobody waits for it, so that all is part
    of the transaction of the migration.
    """
    connection, key = op.get_bind(), source.selected_columns[0]
    after: Any = None
    while True:
        page = source.order_by(key).limit(BATCH_ROWS)
        batch = connection.execute(page.where(key > after) if after is not None else page).all()
        if rows := [row for each in batch for row in rows_of(each)]:
            connection.execute(sa.insert(table), rows)
        if len(batch) < BATCH_ROWS:
            return
        after = batch[-1][0]


def set_not_null(table: str, column: str, *, like: sa.types.TypeEngine[Any], default: str) -> None:
    """Refuse NULL in a filled column. `default` is for servers that do not know the column."""
    if not is_online():
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                column, existing_type=like, nullable=False, server_default=sa.text(default)
            )
        return
    check = f"ck_{table}_{column}_not_null"
    with _commits():
        with _transaction() as connection:
            connection.execute(sa.text(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {check}"))
            connection.execute(
                sa.text(
                    f"ALTER TABLE {table}"
                    f" ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID"
                )
            )
        # reads every row and keeps nobody out
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}")
        with _transaction() as connection:
            # the valid constraint spares it a look at the rows
            connection.execute(sa.text(f"ALTER TABLE {table} ALTER {column} SET NOT NULL"))
            connection.execute(sa.text(f"ALTER TABLE {table} DROP CONSTRAINT {check}"))


def _commits() -> Any:
    """Commit what came before; what is inside commits by itself."""
    return op.get_context().autocommit_block() if is_online() else nullcontext()


@contextmanager
def _transaction() -> Iterator[sa.Connection]:
    """One batch: it gives its rows up where it has to wait for another one for long."""
    connection = op.get_bind()
    if not is_online():
        yield connection
        return
    connection.exec_driver_sql("BEGIN")
    try:
        connection.exec_driver_sql(LOCK_TIMEOUT)
        yield connection
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")
