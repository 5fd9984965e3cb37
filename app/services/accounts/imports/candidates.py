"""Users that may be imported, and what is wrong with the others."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic import ValidationError

from app.schemas.imported_users import ImportedUser
from app.security import usernames
from app.security.text import is_storable
from app.security.usernames import NewName, UsernameError

MAXIMUM_SHOWN = 60
MESSAGES = {"extra_forbidden": "is unknown", "missing": "is missing"}
"""What is wrong with a member, in place of the words of Pydantic."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something cannot be imported. `place` is where it is in the file, such as `line 3`."""

    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A user in a file. `user` is None if there are problems, and `name` if its name is invalid."""

    place: str
    name: NewName | None
    user: ImportedUser | None
    problems: tuple[str, ...] = ()


Report = Callable[[Problem], None]
Source = Callable[[], Iterator[Candidate]]
"""Yields the users of a file, each time it is called: they are read once to check them, and once
more to store them."""


def candidate_of(place: str, values: Mapping[str, Any]) -> Candidate:
    try:
        user = ImportedUser.model_validate(values)
    except ValidationError as error:
        return Candidate(place, _name_in(values), None, tuple(problems_in(error)))
    return Candidate(place, user.username, user)


def _name_in(values: Mapping[str, Any]) -> NewName | None:
    """Return the username of a user with other problems, which may be taken, too."""
    try:
        return usernames.new_name(str(values.get("username")))
    except UsernameError:
        return None


def problems_in(error: ValidationError) -> Iterator[str]:
    """Yield a line for each problem, without any value: values may be secrets."""
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        message = MESSAGES.get(problem["type"], problem["msg"]).removeprefix("Value error, ")
        names = [shown(str(part)) for part in problem["loc"]]
        yield f"{'.'.join(names)}: {message}" if names else message


def shown(text: str) -> str:
    """Return text from a file as it can be printed on a terminal."""
    printable = text if is_storable(text) else ascii(text)
    return printable if len(printable) <= MAXIMUM_SHOWN else f"{printable[:MAXIMUM_SHOWN]}…"


def next_batch(candidates: Iterator[Candidate], size: int) -> list[Candidate]:
    """Read some candidates. Reading and checking them is slow: call it in a thread."""
    return list(islice(candidates, size))
