"""Records of a file of users, CSV with a header or JSON lines, which is read in bounded memory."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from app.errors import InvalidInputError
from app.schemas.imported_users import IMPORTED_COLUMNS
from app.schemas.user_files import FORMATS, SUFFIXES, Format
from app.services.accounts.csv_cells import restored
from app.services.accounts.imports.candidates import Candidate, candidate_of

MAXIMUM_LINE = 256 * 1024
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Record:
    """The values of a user, or why there are none. `line` is where the record begins."""

    line: int
    values: dict[str, Any]
    problem: str | None = None


class _UnreadableError(Exception):
    """The rest of the file cannot be read. The message says why."""


def format_of(path: Path) -> Format:
    """Return the format of a file by its name; raise `InvalidInputError` for any other name."""
    name = SUFFIXES.get(path.suffix.lower())
    if name is None:
        raise InvalidInputError(f"{path}: use --format to say which of {', '.join(FORMATS)} it is.")
    return name


def user_candidates(path: Path, name: Format) -> Iterator[Candidate]:
    """Yield the users of a file, with the problems of each."""
    for record in _records(path, name):
        place = f"line {record.line}"
        if record.problem is not None:
            yield Candidate(place, None, None, (record.problem,))
        else:
            yield candidate_of(place, record.values)


def _records(path: Path, name: Format) -> Iterator[Record]:
    """Yield the records of a file; raise `InvalidInputError` if it cannot be opened twice."""
    read: Callable[[BinaryIO], Iterator[Record]] = _csv_records if name == "csv" else _json_records
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise InvalidInputError(f"{path}: isn't a regular file. A pipe can't be imported.")
        with path.open("rb") as file:
            yield from read(file)
    except OSError as error:
        raise InvalidInputError(f"{path}: {error.strerror}.") from None


def _csv_records(file: BinaryIO) -> Iterator[Record]:
    rows = csv.reader(_lines(file), strict=True)
    header: list[str] | None = None
    line = 1
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except (csv.Error, _UnreadableError) as error:
            yield Record(line, {}, f"cannot be read, nor what follows: {error}")
            return
        if row is None:
            break
        if not row:
            continue
        if header is None:
            header = [name.strip() for name in row]
            problem = _problem_with(header)
            if problem is not None:
                yield Record(line, {}, problem)
                return
        elif len(row) != len(header):
            yield Record(line, {}, f"has {len(row)} cells instead of {len(header)}")
        else:
            yield Record(line, dict(zip(header, map(restored, row), strict=True)))
    if header is None:
        yield Record(1, {}, "there is no header")


def _problem_with(header: list[str]) -> str | None:
    unknown = [name for name in header if name not in IMPORTED_COLUMNS]
    if unknown:
        return f"unknown column {unknown[0]!a}; known are {', '.join(IMPORTED_COLUMNS)}"
    if len(set(header)) < len(header):
        return "a column is repeated"
    return None if "username" in header else "there is no column username"


def _json_records(file: BinaryIO) -> Iterator[Record]:
    number = 0
    try:
        for number, text in enumerate(_lines(file), start=1):
            if text.strip():
                yield _json_record(number, text)
    except _UnreadableError as error:
        yield Record(number + 1, {}, f"cannot be read, nor what follows: {error}")


def _json_record(line: int, text: str) -> Record:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return Record(line, {}, "is not JSON: each line must be a JSON object")
    if not isinstance(values, dict):
        return Record(line, {}, "must be a JSON object")
    return Record(line, values)


def _lines(file: BinaryIO) -> Iterator[str]:
    """Yield the lines of a file in UTF-8; raise `_UnreadableError` for any other."""
    is_first = True
    while line := file.readline(MAXIMUM_LINE + 1):
        if len(line) > MAXIMUM_LINE:
            raise _UnreadableError(f"a line has more than {MAXIMUM_LINE} bytes")
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise _UnreadableError("the file must be in UTF-8") from None
        yield text.removeprefix(BYTE_ORDER_MARK) if is_first else text
        is_first = False
