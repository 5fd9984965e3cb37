"""When a test runs: which folders hold slow tests, and which run on both databases."""

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SLOW_FOLDERS = frozenset({"browser", "foreign"})
"""Their tests are marked `slow`, as are single tests elsewhere that take a second or more."""
FOLDERS_ON_BOTH_DATABASES = frozenset({"repositories", "faults", "migrations"})
"""Their tests are marked `both_databases`, as are modules elsewhere where storage decides."""


def folder_of(path: Path) -> str:
    """Return the name of the folder under `tests` that holds a test module."""
    return path.relative_to(TESTS).parts[0]
