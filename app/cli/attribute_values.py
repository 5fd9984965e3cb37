"""Values of attributes on the command line, in the type that each attribute is defined with."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from app.errors import InvalidInputError

if TYPE_CHECKING:
    from app.wiring import Services

BOOLEANS = {"true": True, "false": False}


async def typed_values(services: "Services", texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the values by name. The service refuses names that are not defined."""
    definitions = await services.accounts.attributes.by_name() if texts else {}
    return {
        name: _value_of(name, text, definitions[name].type if name in definitions else "string")
        for name, text in texts.items()
    }


def pairs_of(options: Iterable[str] | None, *, option: str) -> dict[str, str]:
    """Return the names and texts of options such as `floor=3`."""
    pairs = {}
    for each in options or ():
        name, equals, text = each.partition("=")
        if not (name and equals):
            raise InvalidInputError(f"{option} must be NAME=VALUE.")
        pairs[name] = text
    return pairs


def _value_of(name: str, text: str, kind: str) -> Any:
    if kind == "boolean":
        if text not in BOOLEANS:
            raise InvalidInputError(f"The attribute {name} must be true or false.")
        return BOOLEANS[text]
    if kind == "number":
        try:
            return int(text) if text.lstrip("-").isdecimal() else float(text)
        except ValueError:
            raise InvalidInputError(f"The attribute {name} must be a number.") from None
    if kind == "list":
        return _list_of(name, text)
    return text


def _list_of(name: str, text: str) -> list[str]:
    """Return the items of `a,b`, or of a JSON array for items that contain a comma."""
    if not text.startswith("["):
        return [item.strip() for item in text.split(",") if item.strip()]
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise InvalidInputError(f"The attribute {name} must be a list such as a,b or a JSON array.")
    return items
