"""Claims: a row is consumed by one caller only, and only that caller stores the resulting rows.

PostgreSQL takes a whole batch in one statement: one round trip, and rows are locked in the order of
their keys, so that two batches never deadlock. SQLite has no round trips: it consumes row by row
and then stores the rows of the winners.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    Column,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    func,
    select,
    union_all,
)
from sqlalchemy import column as named
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from app.database.statements import CompiledStatement, compile_statement, processors_of

Values = Mapping[str, ColumnElement[Any]]
"""The values of a caller as SQL expressions, by name."""
Inserts = Sequence[tuple[Table, Mapping[Column[Any], str]]]
"""Rows of other tables to store with the claim: for each column the name of its value."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A row that a caller must store first: if another caller has, the claim is lost.

    `key` is its unique column and the name of the value, `owner` those that say whose row it is.
    `values` are all of its columns with the names of their values.
    """

    key: tuple[Column[Any], str]
    owner: tuple[Column[Any], str]
    values: Mapping[Column[Any], str]

    @property
    def types(self) -> Mapping[str, ColumnElement[Any]]:
        return {name: column for column, name in self.values.items()}


@dataclass(frozen=True, slots=True)
class Claim:
    """How the rows of a table are consumed.

    `key` is the column by which a row is found and the name of its value. `use` returns the UPDATE
    for the values of a caller: it must match for one caller only, and match again when that caller
    repeats it. `winner` is the name of the value that identifies the caller. `inserts` are the rows
    that the winner stores. `types` are columns that have the types of the values.
    """

    key: tuple[Column[Any], str]
    use: Callable[[Values], Update]
    winner: str
    inserts: Inserts
    types: Values
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class CompiledClaim:
    """SQL for a driver: `statement` consumes rows, and `inserts` follow it on SQLite only.

    There, `guard` is an insert that precedes it, and a query for the row if it is the caller's.
    On PostgreSQL the statement takes an array for each value, and returns keys and winners.
    `processors` convert a value, by its name, to what the driver takes.
    """

    key: str
    winner: str
    statement: CompiledStatement
    inserts: Sequence[CompiledStatement] = ()
    processors: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    guard: tuple[CompiledStatement, CompiledStatement] | None = None

    def processed(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the values of a row, converted to what the driver takes, for all statements."""
        values = dict(row)
        for name, processor in self.processors.items():
            values[name] = processor(values[name])
        return values

    def arrays(self, rows: Sequence[Mapping[str, Any]]) -> list[Sequence[Any]]:
        """Return the values of a batch for PostgreSQL: one array for each name."""
        return list(zip(*map(self.statement.pick, rows), strict=True))


@dataclass(frozen=True, slots=True)
class Creation:
    """A row that is created if its condition holds, and the rows that are stored with it.

    `key` is the unique column that identifies the row and the name of its value. `select` returns
    the query for the `columns` of the row from the values of a caller. `inserts` are the rows
    stored with it. `types` are columns that have the types of the values.
    """

    key: tuple[Column[Any], str]
    columns: Sequence[Column[Any]]
    select: Callable[[Values], Select[Any]]
    inserts: Inserts
    types: Values
    guard: Guard | None = None


def compile_creation(creation: Creation, dialect: Dialect) -> CompiledClaim:
    """Compile a creation as a claim that the creator of the row wins, also on a repetition."""
    name = creation.key[1]
    if dialect.name == "postgresql":
        return CompiledClaim(name, name, compile_statement(_created(creation), dialect))
    types = _types_of(creation)
    values = _bound(types)
    insert = sqlite.insert(creation.key[0].table).from_select(
        [column.name for column in creation.columns], creation.select(values)
    )
    inserts = _inserts(creation.inserts, values)
    return CompiledClaim(
        name,
        name,
        compile_statement(insert.on_conflict_do_nothing(), dialect),
        [compile_statement(statement, dialect) for statement in inserts],
        processors_of(types, dialect),
        _compiled_guard(creation.guard, values, dialect),
    )


def _created(creation: Creation) -> CompoundSelect[Any]:
    """Return one statement for a batch: it stores the rows of all callers and the `inserts`.

    A row that already exists belongs to a caller that repeats the statement after its connection
    was lost.
    """
    column, key = creation.key
    rows = _value_rows(_types_of(creation))
    values = select(*rows.columns).cte("given")
    admitted = _admitted(creation.guard, values) if creation.guard is not None else values
    created = (
        postgresql.insert(column.table)
        .from_select(
            [target.name for target in creation.columns],
            creation.select(dict(admitted.columns.items())),
        )
        .on_conflict_do_nothing()
        .returning(column)
        .cte("created")
    )
    created_key = created.c[column.name]
    stored = _stored(creation.inserts, values, values.join(created, created_key == values.c[key]))
    existing = select(column, column.label("winner")).join_from(
        values, column.table, column == values.c[key]
    )
    return union_all(select(created_key, created_key.label("winner")), existing).add_cte(*stored)


def _stored(inserts: Inserts, values: CTE, source: FromClause) -> list[CTE]:
    """Return the INSERTs of the rows that go with those of `source`, with values from `values`."""
    return [
        postgresql.insert(table)
        .from_select(
            [column.name for column in row],
            select(*(values.c[name] for name in row.values())).select_from(source),
        )
        .on_conflict_do_nothing()
        .cte(f"stored_{table.name}")
        for table, row in inserts
    ]


def _bound(types: Values) -> Values:
    return {name: bindparam(name, type_=column.type) for name, column in types.items()}


def _inserts(inserts: Inserts, bound: Values) -> list[sqlite.Insert]:
    return [
        sqlite.insert(table)
        .values({column.name: bound[name] for column, name in values.items()})
        .on_conflict_do_nothing()
        for table, values in inserts
    ]


def compile_claim(claim: Claim, dialect: Dialect) -> CompiledClaim:
    if dialect.name == "postgresql":
        statement = compile_statement(_at_once(claim), dialect)
        return CompiledClaim(claim.key[1], claim.winner, statement)
    types = _types_of(claim)
    values = _bound(types)
    inserts = _inserts(claim.inserts, values)
    return CompiledClaim(
        claim.key[1],
        claim.winner,
        compile_statement(claim.use(values), dialect),
        [compile_statement(insert, dialect) for insert in inserts],
        processors_of(types, dialect),
        _compiled_guard(claim.guard, values, dialect),
    )


def _at_once(claim: Claim) -> Select[Any]:
    column, key = claim.key
    values = _value_rows(_types_of(claim))
    if claim.guard is not None:
        values = _admitted(claim.guard, select(*values.columns).cte("given"))
    locked = (
        select(*values.columns)
        .join_from(values, column.table, column == values.c[key])
        .order_by(column)
        .with_for_update(of=column.table)
        .cte("locked")
    )
    locked_values = dict(locked.columns.items())
    used = claim.use(locked_values).returning(*locked_values.values()).cte("used")
    stored = _stored(claim.inserts, used, used)
    return select(used.c[key], used.c[claim.winner]).add_cte(*stored)


def _types_of(claim: Claim | Creation) -> Values:
    return {**claim.types, **claim.guard.types} if claim.guard is not None else claim.types


def _admitted(guard: Guard, values: CTE) -> CTE:
    """Return the values of the callers whose row is stored now, or was by their first attempt.

    Rows are stored in the order of their keys, so that two batches never deadlock.
    """
    (key, key_name), (owner, owner_name) = guard.key, guard.owner
    row = select(*(values.c[name] for name in guard.values.values()))
    stored = (
        postgresql.insert(key.table)
        .from_select([column.name for column in guard.values], row.order_by(values.c[key_name]))
        .on_conflict_do_nothing()
        .returning(key, owner)
        .cte("guarded")
    )
    return union_all(
        *(
            select(*values.columns).join_from(
                values,
                table,
                and_(
                    table.c[key.name] == values.c[key_name],
                    table.c[owner.name] == values.c[owner_name],
                ),
            )
            for table in (stored, key.table)
        )
    ).cte("admitted")


def _compiled_guard(
    guard: Guard | None, values: Values, dialect: Dialect
) -> tuple[CompiledStatement, CompiledStatement] | None:
    if guard is None:
        return None
    (key, key_name), (owner, owner_name) = guard.key, guard.owner
    row = {column.name: values[name] for column, name in guard.values.items()}
    insert = sqlite.insert(key.table).values(row).on_conflict_do_nothing()
    is_own = select(key).where(key == values[key_name], owner == values[owner_name])
    return compile_statement(insert, dialect), compile_statement(is_own, dialect)


def _value_rows(types: Values) -> FromClause:
    arrays = [bindparam(name, type_=ARRAY(column.type)) for name, column in types.items()]
    columns = [named(name, column.type) for name, column in types.items()]
    return func.unnest(*arrays).table_valued(*columns).render_derived(name="given")
