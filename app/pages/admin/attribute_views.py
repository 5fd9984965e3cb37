"""Values of typed attributes on the pages of users and groups, and the form that sets one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.i18n.messages import N_
from app.models.accounts.attributes import AttributeDefinition
from app.pages.admin.base import ConsoleRequest
from app.pages.admin.forms import Field, Option
from app.pages.admin.views import Cell, Link, Part, Table
from app.pages.support import ShowAgainError
from app.schemas.attributes import AppliesTo, text_of, value_of

NAME = Field("name", N_("Attribute"), kind="select", is_required=True)
VALUE = Field(
    "value",
    N_("Value"),
    hint=N_("true or false for a yes-or-no attribute, and a,b for a list. Empty removes it."),
    maximum=5000,
)
WRONG = {
    "boolean": N_("Enter true or false."),
    "number": N_("Enter a number."),
    "list": N_("Enter a list such as a,b or a JSON array."),
}


def part_of_attributes(request: ConsoleRequest, values: Mapping[str, Any], *, url: str) -> Part:
    text = request.text
    return Part(
        text("Attributes"),
        Table(
            columns=[text("Name"), text("Value")],
            rows=[[Cell(name), Cell(text_of(value))] for name, value in sorted(values.items())],
            empty=text("No attributes are set. They can become claims in the tokens of apps."),
        ),
        links=request.offered(Link(text("Set an attribute"), f"{url}/attributes")),
    )


async def definitions_for(
    request: ConsoleRequest, kind: AppliesTo
) -> Mapping[str, AttributeDefinition]:
    """Return the attributes that users or groups can have, by name."""
    definitions = await request.services.accounts.attributes.list_all()
    return {each.name: each for each in definitions if each.applies_to in (kind, "both")}


def fields_for(request: ConsoleRequest, names: Collection[str]) -> Sequence[Field]:
    """Return the fields for setting one of these attributes."""
    options = [Option(name, name, is_data=True) for name in sorted(names)]
    name = replace(NAME.in_language(request.text), options=options)
    return (name, VALUE.in_language(request.text))


def change_in(
    request: ConsoleRequest, definitions: Mapping[str, AttributeDefinition]
) -> dict[str, Any]:
    """Return the attribute that a form sets, with its typed value; None removes the value.

    A value whose definition was deleted can only be removed.
    """
    name, value = request.fields.get(NAME.name, ""), request.fields.get(VALUE.name, "").strip()
    if name and not value:
        return {name: None}
    definition = definitions.get(name)
    if definition is None:
        raise ShowAgainError({NAME.name: request.text("Choose an attribute that is defined.")})
    try:
        return {name: value_of(value, definition.type)}
    except ValueError:
        raise ShowAgainError({VALUE.name: request.text(WRONG[definition.type])}) from None
