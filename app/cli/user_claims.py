"""Options for the standard claims of a user."""

import json
from collections.abc import Collection, Iterator, Mapping
from inspect import Parameter
from typing import Annotated, Any

from pydantic import ValidationError

from app.cli.parameters import flag, option, parameter
from app.errors import InvalidInputError
from app.schemas.claims import VERIFIED, StandardClaims

CLAIMS = tuple(StandardClaims.model_fields)
SIMPLE_CLAIMS = tuple(name for name in CLAIMS if name != "address")
Address = Annotated[
    str | None, option("--address", metavar="JSON", help='Such as {"country": "Austria"}.')
]


def option_of(claim: str) -> str:
    return f"--{claim.replace('_', '-')}"


def claim_parameters(*, omitted: Collection[str] = ()) -> Iterator[Parameter]:
    """Yield an option for each claim, and one for each claim that can be verified."""
    for name in SIMPLE_CLAIMS:
        if name in omitted:
            continue
        yield parameter(name, Annotated[str | None, option(option_of(name))], default=None)
    for name in VERIFIED.values():
        if name in omitted:
            continue
        marks = flag(option_of(name), help="Mark as verified because you have checked it.")
        yield parameter(name, Annotated[bool, marks], default=False)


def stated_in(options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the claims that have a value, and those that are marked as verified."""
    values = {name: options[name] for name in SIMPLE_CLAIMS if options.get(name) is not None}
    return values, [name for name in VERIFIED.values() if options.get(name)]


def stated_changes(values: dict[str, Any], address: str | None) -> StandardClaims:
    """Parse claims; raises `InvalidInputError` with the option that has an invalid value."""
    try:
        if address is not None:
            values = {**values, "address": json.loads(address)}
        changes = StandardClaims.model_validate(values)
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        message = problem["msg"].removeprefix("Value error, ")
        raise InvalidInputError(f"{option_of(str(problem['loc'][0]))}: {message}") from None
    except (ValueError, RecursionError):
        raise InvalidInputError("--address: must be a JSON object") from None
    if address is not None and "address" not in changes.stated_claims():
        raise InvalidInputError("--address: must have a member such as country.")
    return changes
