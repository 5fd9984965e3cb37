"""Selection of tests: folders with slow tests, folders that run on both databases, and parts."""

from pathlib import Path
from zlib import crc32

TESTS = Path(__file__).resolve().parents[1]
SLOW_FOLDERS = frozenset({"browser", "foreign"})
"""Tests in these folders are marked `slow`, as are other tests that take a second or more."""
FOLDERS_ON_BOTH_DATABASES = frozenset({"repositories", "faults", "migrations"})
"""Tests in these folders are marked `both_databases`, as are other modules that test storage."""


def folder_of(path: Path) -> str:
    """Return the name of the folder under `tests` that holds a test module."""
    return path.relative_to(TESTS).parts[0]


def part_of(text: str) -> tuple[int, int]:
    """Return the part and the number of parts of a text such as `1/4`."""
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise ValueError(text)
    return int(part), int(parts)


def is_in_part(path: Path, part: int, parts: int) -> bool:
    """Return whether a test file is in one of the parts, which are about equal."""
    return crc32(path.name.encode()) % parts == part - 1
