"""Which characters a text from outside may hold before it reaches a database."""

import json
import unicodedata
from typing import Any


def is_storable(text: str) -> bool:
    """False for what PostgreSQL refuses (NUL, lone surrogates) and for other control characters."""
    if text.isascii():
        return text.isprintable()
    return not any(unicodedata.category(char) in ("Cc", "Cs") for char in text)


def is_encodable(value: Any) -> bool:
    """False for a JSON value with a lone surrogate somewhere in it, or with NaN or Infinity."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except ValueError:
        return False
    return True
