"""Find settings in `.env` that are probably misspelt, and would otherwise be ignored silently."""

from collections.abc import Iterable
from pathlib import Path

from dotenv import dotenv_values

from app.settings.model import Settings

MAXIMUM_DISTANCE = 2
MAXIMUM_LENGTH = 100
OLDER_NAMES = ("FLASK_ENV",)


def misspelt_settings(file: Path = Path(".env")) -> list[str]:
    """Return a line for each name in the file that is almost a setting; never a value."""
    if not file.is_file():
        return []
    settings = [*(name.upper() for name in Settings.model_fields), *OLDER_NAMES]
    lines = []
    for name in dotenv_values(file, interpolate=False):
        suggestion = _meant(name.upper(), settings) if _is_name(name) else None
        if suggestion is not None:
            lines.append(f"{name} in .env is not a setting. Did you mean {suggestion}?")
    return lines


def _meant(name: str, ours: Iterable[str]) -> str | None:
    """Return the setting that a name is closest to, or None if it is correct or too different."""
    distance, setting = min((_distance(name, known_name), known_name) for known_name in ours)
    return setting if 0 < distance <= MAXIMUM_DISTANCE else None


def _is_name(name: str) -> bool:
    return len(name) <= MAXIMUM_LENGTH and name.isascii() and name.isprintable()


def _distance(one: str, other: str) -> int:
    """Return the Levenshtein distance: the insertions, deletions and replacements of letters.

    Strings whose lengths differ too much get `MAXIMUM_DISTANCE + 1`.
    """
    if abs(len(one) - len(other)) > MAXIMUM_DISTANCE:
        return MAXIMUM_DISTANCE + 1
    row = list(range(len(other) + 1))
    for position, letter in enumerate(one, start=1):
        above = row
        row = [position]
        for column, other_letter in enumerate(other, start=1):
            replaced = above[column - 1] + (letter != other_letter)
            row.append(min(replaced, above[column] + 1, row[-1] + 1))
    return row[-1]
