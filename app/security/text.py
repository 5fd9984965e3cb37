"""Allowed characters in input that reaches the database."""

import json
import unicodedata
from typing import Any

MAXIMUM_SCOPE_LENGTH = 1000
MAXIMUM_DEPTH = 16
MAXIMUM_TYPED_LENGTH = 64
OTHER_HYPHENS = "\u00ad\u2212"
"""The soft hyphen and the minus sign, which Unicode does not count among the dashes."""


def is_scope(text: str) -> bool:
    """Accept printable ASCII without quote and backslash, and spaces (RFC 6749 section 3.3)."""
    return len(text) <= MAXIMUM_SCOPE_LENGTH and all(
        " " <= char <= "~" and char not in '"\\' for char in text
    )


def typed_code(text: str) -> str:
    """Return a code that a user typed, without white space and hyphens, in plain characters.

    NFKC turns full-width digits and letters into ASCII; digits of other scripts are unchanged.
    """
    if len(text) > MAXIMUM_TYPED_LENGTH:
        return ""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(
        char
        for char in plain
        if not char.isspace() and unicodedata.category(char) != "Pd" and char not in OTHER_HYPHENS
    )


def is_storable(text: str) -> bool:
    """Reject what PostgreSQL refuses (NUL, lone surrogates), and other control characters."""
    if text.isascii():
        return text.isprintable()
    return not any(unicodedata.category(char) in ("Cc", "Cs") for char in text)


def is_encodable(value: Any) -> bool:
    """Reject a JSON value with a lone surrogate, NaN or Infinity, or that is nested too deeply."""
    if not _is_shallow(value, MAXIMUM_DEPTH):
        return False
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except ValueError:
        return False
    return True


def _is_shallow(value: Any, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    parts = value.values() if isinstance(value, dict) else value
    return depth > 0 and all(_is_shallow(part, depth - 1) for part in parts)
