"""What imports print."""

import sys
from typing import TYPE_CHECKING

from app.errors import InvalidInputError

if TYPE_CHECKING:
    from app.services.accounts.imports.candidates import Problem


def print_problem(problem: "Problem") -> None:
    print(f"{problem.place}: {problem.message}", file=sys.stderr)


def refuse_problems(count: int) -> None:
    """Raise `InvalidInputError` if there are problems, which have been printed."""
    if count:
        raise InvalidInputError(f"{number(count, 'problem')}. Nothing was imported.")


def number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
