"""SQLAlchemy statements, compiled once into SQL for a driver.

A repository defines a lookup or a batched write once, with SQLAlchemy. The hot path then passes the
SQL and positional values directly to the driver, which saves half the CPU time of a request. A
statement is compiled at its first use: a command of the CLI needs few of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

Processor = Callable[[Any], Any] | None
Values = Sequence[Any]
Found = dict[Any, Values]
"""Rows by key."""
Written = Sequence[Values | Exception | None]
"""The result for each row, in order: its outcome, or the exception that refused it."""


@dataclass(frozen=True, slots=True)
class CompiledLookup:
    """SQL that finds rows by key; the first column of a row is the key.

    `processors` convert other values than NULL, by their places after the key.
    """

    text: str
    processors: tuple[tuple[int, Callable[[Any], Any]], ...]

    def read(self, row: Values) -> Values:
        """Return the values of a driver's row, without the key, as Python types."""
        values = list(row[1:])
        for index, processor in self.processors:
            if values[index] is not None:
                values[index] = processor(values[index])
        return values


@dataclass(frozen=True, slots=True)
class CompiledOutcome:
    """A lookup, by the value `name` of a row, that returns the outcome of writing that row."""

    lookup: CompiledLookup
    name: str


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """SQL that changes rows, and the order of its named values."""

    text: str
    pick: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    processors: tuple[tuple[int, Callable[[Any], Any]], ...]

    def bind(self, values: Mapping[str, Any]) -> Values:
        if not self.processors:
            return self.pick(values)
        bound = list(self.pick(values))
        for index, processor in self.processors:
            bound[index] = processor(bound[index])
        return bound


def compile_lookup(
    statement: Select[Any], key: ColumnElement[Any], dialect: Dialect
) -> CompiledLookup:
    """Compile a lookup: PostgreSQL takes all keys of a batch in one array, SQLite a single key."""
    takes_all_keys = dialect.name == "postgresql"
    keys = bindparam("key", type_=ARRAY(key.type) if takes_all_keys else key.type)
    condition = key == any_(keys) if takes_all_keys else key == keys
    keyed = statement.add_columns().with_only_columns(key, *statement.selected_columns)
    return _compiled_lookup(keyed.where(condition), dialect)


def compile_joined_lookup(join: Callable[[CTE], Select[Any]], dialect: Dialect) -> CompiledLookup:
    """Compile a lookup by keys that no column holds, such as the parts of a token in one text.

    `join` returns the query that joins rows to the column `key` of what it gets.
    """
    takes_all_keys = dialect.name == "postgresql"
    keys = bindparam("key", type_=ARRAY(Text) if takes_all_keys else Text())
    sought = sought_keys(func.unnest(keys, type_=Text) if takes_all_keys else keys)
    statement = join(sought)
    keyed = statement.with_only_columns(sought.c.key, *statement.selected_columns)
    return _compiled_lookup(keyed, dialect)


def sought_keys(keys: ColumnElement[Any]) -> CTE:
    """Return rows with the column `key`."""
    return select(keys.label("key")).cte("sought")


def _compiled_lookup(keyed: Select[Any], dialect: Dialect) -> CompiledLookup:
    compiled = _compiled(keyed, dialect)
    processors = [
        (index - 1, processor)
        for index, column in enumerate(keyed.selected_columns)
        if index > 0
        if (processor := _result_processor(column.type, dialect)) is not None
    ]
    return CompiledLookup(compiled.string, tuple(processors))


def compile_statement(
    statement: UpdateBase | Select[Any] | CompoundSelect[Any], dialect: Dialect
) -> CompiledStatement:
    compiled = _compiled(statement, dialect)
    names = compiled.positiontup or []
    processors = [
        (index, processor)
        for index, name in enumerate(names)
        if (processor := _bind_processor(compiled.binds[name].type, dialect)) is not None
    ]
    # itemgetter with a single name would not return a tuple
    pick = itemgetter(*names) if len(names) > 1 else lambda values: (values[names[0]],)
    return CompiledStatement(compiled.string, pick, tuple(processors))


def processors_of(
    types: Mapping[str, ColumnElement[Any]], dialect: Dialect
) -> dict[str, Callable[[Any], Any]]:
    """Return, by name, the processors that convert values for the driver, where needed."""
    return {
        name: processor
        for name, column in types.items()
        if (processor := _bind_processor(column.type, dialect)) is not None
    }


def _compiled(
    statement: UpdateBase | Select[Any] | CompoundSelect[Any], dialect: Dialect
) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - narrows the type for the type checker
    return compiled


def _bind_processor(column_type: TypeEngine[Any], dialect: Dialect) -> Processor:
    return column_type.dialect_impl(dialect).bind_processor(dialect)


def _result_processor(column_type: TypeEngine[Any], dialect: Dialect) -> Processor:
    return column_type.dialect_impl(dialect).result_processor(dialect, None)
