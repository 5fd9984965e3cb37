"""Values of attributes on the command line, in the type that each attribute is defined with."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from app.errors import InvalidInputError

if TYPE_CHECKING:
    from app.wiring import Services


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
    from app.schemas.attributes import value_of

    try:
        return value_of(text, kind)
    except ValueError as error:
        raise InvalidInputError(f"The attribute {name} {error}.") from None
