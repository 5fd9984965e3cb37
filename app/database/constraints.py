"""Unique constraints, as each database reports them when it refuses a row."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, PrimaryKeyConstraint, UniqueConstraint


@dataclass(frozen=True, slots=True)
class Unique:
    """A unique constraint or primary key that a repository expects to be violated.

    PostgreSQL reports `name`; SQLite reports `columns`, each as `table.column`.
    """

    name: str
    columns: tuple[str, ...]


def unique(*columns: Column[Any]) -> Unique:
    """Return the constraint on exactly these columns; raises `LookupError` if there is none."""
    for constraint in columns[0].table.constraints:
        if not isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint):
            continue
        if list(constraint.columns) == list(columns):
            return Unique(str(constraint.name), tuple(str(column) for column in columns))
    raise LookupError(f"no unique constraint of {', '.join(map(str, columns))}")


def violated(error: BaseException, expected: Collection[Unique]) -> Unique | None:
    """Return the one of these constraints that a driver's exception names, or None."""
    if not expected:
        return None
    name = getattr(error, "constraint_name", None)
    columns = tuple(str(error).partition("UNIQUE constraint failed: ")[2].split(", "))
    return next(
        (
            constraint
            for constraint in expected
            if constraint.name == name or constraint.columns == columns
        ),
        None,
    )
