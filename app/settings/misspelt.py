"""Finds settings in `.env` that are probably misspelt: nothing else would ever say so."""

from collections.abc import Iterable
from pathlib import Path

from app.settings.model import Settings

MAXIMUM_DISTANCE = 2
MAXIMUM_LENGTH = 100
OLDER_NAMES = ("FLASK_ENV",)


def misspelt_settings(file: Path = Path(".env")) -> list[str]:
    """Return a line for each name in the file that is almost one of ours; never a value."""
    if not file.is_file():
        return []
    from dotenv import dotenv_values  # late: most servers have no such file

    ours = [*(name.upper() for name in Settings.model_fields), *OLDER_NAMES]
    lines = []
    for name in dotenv_values(file, interpolate=False):
        meant = _meant(name.upper(), ours) if _is_name(name) else None
        if meant is not None:
            lines.append(f"{name} in .env is not a setting. Did you mean {meant}?")
    return lines


def _meant(name: str, ours: Iterable[str]) -> str | None:
    """Return the setting that a name is closest to; None for a right name and a distant one."""
    distance, meant = min((_distance(name, each), each) for each in ours)
    return meant if 0 < distance <= MAXIMUM_DISTANCE else None


def _is_name(name: str) -> bool:
    return len(name) <= MAXIMUM_LENGTH and name.isascii() and name.isprintable()


def _distance(one: str, other: str) -> int:
    """Return how many letters have to be inserted, deleted or replaced (Levenshtein)."""
    if abs(len(one) - len(other)) > MAXIMUM_DISTANCE:
        return MAXIMUM_DISTANCE + 1
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, start=1):
        above = row
        row = [place]
        for column, other_letter in enumerate(other, start=1):
            replaced = above[column - 1] + (letter != other_letter)
            row.append(min(replaced, above[column] + 1, row[-1] + 1))
    return row[-1]
