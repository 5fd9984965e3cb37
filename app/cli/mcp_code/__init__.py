"""Code that protects an MCP server, as text to copy. A secret is never a part of it."""

from collections.abc import Mapping
from pathlib import Path

from app.errors import InvalidInputError
from app.services.clients.snippets.snippet import HARMLESS, PLACEHOLDER

TEMPLATES = Path(__file__).parent
LISTS = ("scopes", "required_scopes")
"""Values that are written as lists of names, which need no quoting."""


def code_for(framework: str, *, token_format: str, values: Mapping[str, str]) -> str:
    """Return the code for a framework; raise `InvalidInputError` for a value that needs quoting."""
    require_harmless(values)
    template = (TEMPLATES / f"{framework}-{token_format}.txt").read_text(encoding="utf-8")
    return PLACEHOLDER.sub(lambda match: values[match[1]], template)


def require_harmless(values: Mapping[str, str]) -> None:
    """Raise `InvalidInputError` for a value that would not mean the same in a quoted string."""
    for name, value in values.items():
        if name not in LISTS and not HARMLESS.fullmatch(value):
            raise InvalidInputError(f"The {name} has characters that code must not contain.")
