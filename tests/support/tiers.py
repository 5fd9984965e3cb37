"""Selection of tests: folders with slow tests, and folders that run on both databases."""

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SLOW_FOLDERS = frozenset({"browser", "foreign"})
"""Tests in these folders are marked `slow`, as are other tests that take a second or more."""
FOLDERS_ON_BOTH_DATABASES = frozenset({"repositories", "faults", "migrations"})
"""Tests in these folders are marked `both_databases`, as are other modules that test storage."""


def folder_of(path: Path) -> str:
    """Return the name of the folder under `tests` that holds a test module."""
    return path.relative_to(TESTS).parts[0]
