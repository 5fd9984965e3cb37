"""Rows that commands print, and their values as text."""

import json
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]
Rows = Sequence[Row]


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, dict):
        return json.dumps(value) if value else "-"
    return "-" if value is None else str(value)


def labelled(row: Row) -> list[tuple[str, str]]:
    """Return the names of the columns, padded to the same width, and their values."""
    width = max(map(len, row)) + 2
    return [(name.ljust(width), text_of(value)) for name, value in row.items()]
