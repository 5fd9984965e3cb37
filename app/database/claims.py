"""Claims: a row is used once, and only its user stores what it yields.

PostgreSQL takes a whole batch in one statement: one round trip, and rows are locked in the order of
their keys, so that two batches never deadlock. SQLite, which has no round trips, uses row by row
and then stores what the winners get.
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
    bindparam,
    func,
    select,
    union_all,
)
from sqlalchemy import column as named
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from app.database.statements import CompiledStatement, compile_statement, processors_of

Given = Mapping[str, ColumnElement[Any]]
"""The values of a caller, by name."""
Inserts = Sequence[tuple[Table, Mapping[Column[Any], str]]]
"""Rows of further tables: the name of a value for each column."""


@dataclass(frozen=True, slots=True)
class Claim:
    """How the rows of a table are used.

    `key` is the column and the value by which a row is found. `use` makes the update from the
    values of a caller: it holds for one caller of many, and again when that caller repeats it.
    `winner` is the value that tells this caller from others, and `inserts` are the rows that the
    winner stores, each column with the name of its value. `types` are columns of the values' types.
    """

    key: tuple[Column[Any], str]
    use: Callable[[Given], Update]
    winner: str
    inserts: Inserts
    types: Given


@dataclass(frozen=True, slots=True)
class CompiledClaim:
    """Text for a driver: `statement` uses rows. `inserts` follow it, on SQLite only.

    On PostgreSQL the statement takes an array for each value, and returns keys and winners.
    `processors` make of a value what the driver takes, by the value's name.
    """

    key: str
    winner: str
    statement: CompiledStatement
    inserts: Sequence[CompiledStatement] = ()
    processors: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)

    def processed(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the values of a row as the driver takes them, for all statements."""
        values = dict(row)
        for name, processor in self.processors.items():
            values[name] = processor(values[name])
        return values

    def arrays(self, rows: Sequence[Mapping[str, Any]]) -> list[Sequence[Any]]:
        """Return the values of a batch as PostgreSQL takes them."""
        return list(zip(*map(self.statement.pick, rows), strict=True))


@dataclass(frozen=True, slots=True)
class Creation:
    """A row that is stored where its condition holds, and rows that are stored with it.

    `key` is the column and the value by which the row is known, and which nobody else has.
    `select` makes the query for its `columns` from the values of a caller. Each of `inserts` names
    a value for each column, and `types` are columns of the values' types.
    """

    key: tuple[Column[Any], str]
    columns: Sequence[Column[Any]]
    select: Callable[[Given], Select[Any]]
    inserts: Inserts
    types: Given


def compile_creation(creation: Creation, dialect: Dialect) -> CompiledClaim:
    """As a claim: who creates the row is the one who uses it, also when it is done again."""
    name = creation.key[1]
    if dialect.name == "postgresql":
        return CompiledClaim(name, name, compile_statement(_created(creation), dialect))
    given = _bound(creation.types)
    first = sqlite.insert(creation.key[0].table).from_select(
        [column.name for column in creation.columns], creation.select(given)
    )
    inserts = _inserts(creation.inserts, given)
    return CompiledClaim(
        name,
        name,
        compile_statement(first.on_conflict_do_nothing(), dialect),
        [compile_statement(each, dialect) for each in inserts],
        processors_of(creation.types, dialect),
    )


def _created(creation: Creation) -> CompoundSelect[Any]:
    """One statement for a batch: the values of all callers, the rows, and those that go with them.

    A row that is there already is of a caller who does it again after a lost connection.
    """
    column, key = creation.key
    rows = _given(creation.types)
    given = select(*rows.columns).cte("given")
    created = (
        postgresql.insert(column.table)
        .from_select(
            [each.name for each in creation.columns], creation.select(dict(given.columns.items()))
        )
        .on_conflict_do_nothing()
        .returning(column)
        .cte("created")
    )
    known = created.c[column.name]
    stored = _stored(creation.inserts, given, given.join(created, known == given.c[key]))
    again = select(column, column.label("winner")).join_from(
        given, column.table, column == given.c[key]
    )
    return union_all(select(known, known.label("winner")), again).add_cte(*stored)


def _stored(inserts: Inserts, values: CTE, source: FromClause) -> list[CTE]:
    """The rows that go with those of `source`, by the names of `values`."""
    return [
        postgresql.insert(table)
        .from_select(
            [each.name for each in row],
            select(*(values.c[name] for name in row.values())).select_from(source),
        )
        .on_conflict_do_nothing()
        .cte(f"stored_{table.name}")
        for table, row in inserts
    ]


def _bound(types: Given) -> Given:
    return {name: bindparam(name, type_=like.type) for name, like in types.items()}


def _inserts(inserts: Inserts, given: Given) -> list[sqlite.Insert]:
    return [
        sqlite.insert(table)
        .values({column.name: given[name] for column, name in values.items()})
        .on_conflict_do_nothing()
        for table, values in inserts
    ]


def compile_claim(claim: Claim, dialect: Dialect) -> CompiledClaim:
    if dialect.name == "postgresql":
        statement = compile_statement(_at_once(claim), dialect)
        return CompiledClaim(claim.key[1], claim.winner, statement)
    given = _bound(claim.types)
    inserts = _inserts(claim.inserts, given)
    return CompiledClaim(
        claim.key[1],
        claim.winner,
        compile_statement(claim.use(given), dialect),
        [compile_statement(each, dialect) for each in inserts],
        processors_of(claim.types, dialect),
    )


def _at_once(claim: Claim) -> Select[Any]:
    column, key = claim.key
    given = _given(claim.types)
    locked = (
        select(*given.columns)
        .join_from(given, column.table, column == given.c[key])
        .order_by(column)
        .with_for_update(of=column.table)
        .cte("locked")
    )
    values = dict(locked.columns.items())
    used = claim.use(values).returning(*values.values()).cte("used")
    stored = _stored(claim.inserts, used, used)
    return select(used.c[key], used.c[claim.winner]).add_cte(*stored)


def _given(types: Given) -> FromClause:
    arrays = [bindparam(name, type_=ARRAY(like.type)) for name, like in types.items()]
    columns = [named(name, like.type) for name, like in types.items()]
    return func.unnest(*arrays).table_valued(*columns).render_derived(name="given")
