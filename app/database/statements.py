"""SQLAlchemy statements compiled once into what a driver takes.

A look-up or a step is written once, with SQLAlchemy, by its repository. The hot path then hands
the text and positional values to the driver itself: at this rate the difference is half the
processor time of a request.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, CompoundSelect, Select, any_, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

Processor = Callable[[Any], Any] | None
Values = Sequence[Any]
Found = dict[Any, Values]
"""Rows by key."""
Written = Sequence[Values | Exception | None]
"""What became of each row, in order: its outcome, or why it was refused."""


@dataclass(frozen=True, slots=True)
class CompiledLookup:
    """Text that finds rows by key; the first column of a row is the key."""

    text: str
    processors: tuple[tuple[int, Callable[[Any], Any]], ...]

    def read(self, row: Values) -> Values:
        """The values of a driver's row, without the key, in Python's types."""
        values = list(row)
        for place, processor in self.processors:
            values[place] = processor(values[place])
        return values[1:]


@dataclass(frozen=True, slots=True)
class CompiledOutcome:
    """What tells a caller how his row of a step came out: a look-up by one of its values."""

    lookup: CompiledLookup
    name: str


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """Text that changes rows, and the order in which it takes the named values."""

    text: str
    pick: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    processors: tuple[tuple[int, Callable[[Any], Any]], ...]

    def bind(self, values: Mapping[str, Any]) -> Values:
        if not self.processors:
            return self.pick(values)
        bound = list(self.pick(values))
        for place, processor in self.processors:
            bound[place] = processor(bound[place])
        return bound


def compile_lookup(
    statement: Select[Any], key: ColumnElement[Any], dialect: Dialect
) -> CompiledLookup:
    """PostgreSQL takes all keys of a batch in one array; SQLite is asked key by key in one hop."""
    takes_all_keys = dialect.name == "postgresql"
    keys = bindparam("key", type_=ARRAY(key.type) if takes_all_keys else key.type)
    condition = key == any_(keys) if takes_all_keys else key == keys
    keyed = statement.add_columns().with_only_columns(key, *statement.selected_columns)
    compiled = _compiled(keyed.where(condition), dialect)
    processors = [
        (place, processor)
        for place, column in enumerate(keyed.selected_columns)
        if (processor := _result_processor(column.type, dialect)) is not None
    ]
    return CompiledLookup(compiled.string, tuple(processors))


def compile_statement(
    statement: UpdateBase | Select[Any] | CompoundSelect[Any], dialect: Dialect
) -> CompiledStatement:
    compiled = _compiled(statement, dialect)
    names = compiled.positiontup or []
    processors = [
        (place, processor)
        for place, name in enumerate(names)
        if (processor := _bind_processor(compiled.binds[name].type, dialect)) is not None
    ]
    # itemgetter of a single name would not give a tuple
    pick = itemgetter(*names) if len(names) > 1 else lambda values: (values[names[0]],)
    return CompiledStatement(compiled.string, pick, tuple(processors))


def processors_of(
    types: Mapping[str, ColumnElement[Any]], dialect: Dialect
) -> dict[str, Callable[[Any], Any]]:
    """Return what makes of each named value what the driver takes, where that is another one."""
    return {
        name: processor
        for name, like in types.items()
        if (processor := _bind_processor(like.type, dialect)) is not None
    }


def _compiled(
    statement: UpdateBase | Select[Any] | CompoundSelect[Any], dialect: Dialect
) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - tells the type checker what compile() returns
    return compiled


def _bind_processor(column_type: TypeEngine[Any], dialect: Dialect) -> Processor:
    return column_type.dialect_impl(dialect).bind_processor(dialect)


def _result_processor(column_type: TypeEngine[Any], dialect: Dialect) -> Processor:
    return column_type.dialect_impl(dialect).result_processor(dialect, None)
