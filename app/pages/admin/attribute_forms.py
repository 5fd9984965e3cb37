"""The attribute that a page is about, and the form of its definition."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from app.i18n.messages import N_
from app.models.accounts.attributes import AttributeDefinition
from app.pages.admin.base import ConsoleRequestDep
from app.pages.admin.forms import Field, Option
from app.pages.admin.navigation import url_of
from app.pages.admin.object_forms import ObjectRequest

PLACE = "attributes"
PATH = url_of(PLACE)
NAME = Field(
    "name",
    N_("Name"),
    hint=N_("For example, department. It can't be changed later."),
    wrong=N_("Enter a letter from a to z, then up to 63 letters, digits and underscores."),
    is_required=True,
    maximum=64,
)
TYPE = Field(
    "type",
    N_("Type"),
    hint=N_("It can't be changed later."),
    kind="select",
    options=(
        Option("string", N_("Text")),
        Option("number", N_("Number")),
        Option("boolean", N_("Yes or no")),
        Option("list", N_("List of texts")),
    ),
    is_required=True,
)
APPLIES_TO = Field(
    "applies_to",
    N_("Of"),
    kind="select",
    options=(
        Option("users", N_("Users")),
        Option("groups", N_("Groups")),
        Option("both", N_("Users and groups")),
    ),
    is_required=True,
)
EDITABLE_BY = Field(
    "editable_by",
    N_("Set by"),
    hint=N_("An attribute that users set is never the source of their groups and roles."),
    kind="select",
    options=(
        Option("administrator", N_("Administrators")),
        Option("user", N_("Users, for themselves")),
    ),
    is_required=True,
)
DESCRIPTION = Field(
    "description", N_("Description"), wrong=N_("Enter at most 1,000 characters."), maximum=1000
)
NEW_FIELDS = (NAME, TYPE, APPLIES_TO, EDITABLE_BY, DESCRIPTION)
FIELDS = (APPLIES_TO, EDITABLE_BY, DESCRIPTION)


@dataclass(frozen=True, slots=True)
class DefinitionRequest(ObjectRequest):
    """A request for a page about one attribute."""

    definition: AttributeDefinition

    @property
    def url(self) -> str:
        return f"{PATH}/{self.definition.name}"

    @property
    def shown_name(self) -> str:
        return self.definition.name

    @property
    def version(self) -> str:
        return str(self.definition.version)


async def get_definition_request(request: ConsoleRequestDep, name: str) -> DefinitionRequest:
    """Return the request with its attribute; raise `NotFoundError` if it is not defined."""
    definition = await request.services.accounts.attributes.get(name)
    return DefinitionRequest(
        request.browser, request.fields, request.signed_in, request.authority, definition
    )


DefinitionRequestDep = Annotated[DefinitionRequest, Depends(get_definition_request)]


def stored_values(definition: AttributeDefinition) -> dict[str, str]:
    """Return the values of the form."""
    return {field.name: getattr(definition, field.name) for field in FIELDS}
