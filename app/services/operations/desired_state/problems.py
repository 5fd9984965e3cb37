"""Problems of files of desired state, each with its place."""

from collections.abc import Sequence
from typing import NamedTuple

from app.errors import InvalidInputError


class Place(NamedTuple):
    """A line of a file, counted from 1; None if the problem is not on one line."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


class Problem(NamedTuple):
    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class InvalidFilesError(InvalidInputError):
    """Files of desired state cannot be applied as they are. Nothing was changed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
