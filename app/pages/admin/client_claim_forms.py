"""The form of a claim mapping: its fields, and the mapping that was typed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from app.i18n.messages import N_
from app.pages.admin.client_forms import ClientRequest
from app.pages.admin.forms import Field, Option, parse_body
from app.pages.admin.views import Cell
from app.pages.support import ShowAgainError
from app.schemas.attributes import text_of, value_of
from app.schemas.claim_mappings import ATTRIBUTE, STATIC, ClaimMapping, MappingTarget
from app.schemas.claim_names import GROUPS, RESERVED_CLAIMS, ROLES

RESERVED = N_(
    "This claim is reserved: its value is always that of this server. Choose another name."
)
NAME = Field(
    "name",
    N_("Claim"),
    hint=N_("The name under which the app reads it, for example teams."),
    wrong=N_("Enter letters, digits and . _ : / ~ - only, without spaces."),
    is_required=True,
    maximum=128,
)
SOURCES = (
    Option(GROUPS, N_("Groups of the user")),
    Option(ROLES, N_("Roles of the user")),
    Option(STATIC, N_("The value below")),
)
SOURCE = Field(
    "source",
    N_("Source"),
    wrong=N_("Choose one of the values."),
    kind="select",
    options=SOURCES,
    is_required=True,
)
TARGETS: Mapping[MappingTarget, Field] = {
    MappingTarget.ID_TOKEN: Field("id_token", N_("In the ID token"), kind="check"),
    MappingTarget.USERINFO: Field("userinfo", N_("At UserInfo"), kind="check"),
    MappingTarget.INTROSPECTION: Field("introspection", N_("At introspection"), kind="check"),
    MappingTarget.ACCESS_TOKEN: Field("access_token", N_("In JWT access tokens"), kind="check"),
}
NO_TARGET = N_("Choose at least one place.")
TYPES = (
    Option("string", N_("Text")),
    Option("number", N_("Number")),
    Option("boolean", N_("Yes or no")),
    Option("list", N_("List of texts")),
)
VALUE = Field(
    "value",
    N_("Value"),
    hint=N_("Only for a value that is the same for every user."),
    wrong=N_("Enter a value of the type below: a number, true or false, or a list such as a,b."),
    maximum=5000,
)
TYPE = Field(
    "type",
    N_("Type of the value"),
    wrong=N_("Choose one of the values."),
    kind="select",
    options=TYPES,
    is_required=True,
)
PREFIX = Field(
    "prefix",
    N_("Text before each group"),
    hint=N_("Only for groups, for example sso:."),
    wrong=N_("Enter at most 64 ASCII characters."),
    maximum=64,
)
FILTER = Field(
    "filter",
    N_("Only these groups"),
    hint=N_("Only for groups: names such as staff-*,ops. A * stands for any text."),
    wrong=N_("Enter at most 50 names, as a list such as a,b or a JSON array."),
    maximum=10_000,
)
FIELDS = (NAME, SOURCE, *TARGETS.values(), VALUE, TYPE, PREFIX, FILTER)
ONLY_STATIC = N_("Leave it empty, or choose the value below as the source.")
ONLY_GROUPS = N_("Leave it empty, or choose the groups as the source.")


async def fields_of(request: ClientRequest, stored_source: str = "") -> Sequence[Field]:
    """Return the fields, with the attributes that there are among the sources.

    An attribute that was deleted remains the source of a mapping that has it already.
    """
    definitions = await request.services.accounts.attributes.list_all()
    sources = {f"{ATTRIBUTE}{definition.name}" for definition in definitions}
    if stored_source.startswith(ATTRIBUTE):
        sources.add(stored_source)
    attributes = [
        Option(source, _name_of_attribute(source, request.text), is_data=True)
        for source in sorted(sources)
    ]
    source = replace(SOURCE, options=(*SOURCES, *attributes))
    return [source if field is SOURCE else field for field in FIELDS]


def mapping_in(request: ClientRequest, typed: Mapping[str, str]) -> ClaimMapping:
    """Return the mapping that was typed; show the form again with what is wrong."""
    errors, source = dict[str, str](), typed[SOURCE.name]
    targets = [key for key, field in TARGETS.items() if typed[field.name]]
    if typed[NAME.name] in RESERVED_CLAIMS:
        errors[NAME.name] = RESERVED
    if not targets:
        errors[TARGETS[MappingTarget.ID_TOKEN].name] = NO_TARGET
    if source != STATIC and typed[VALUE.name]:
        errors[VALUE.name] = ONLY_STATIC
    if source != GROUPS:
        errors |= {each.name: ONLY_GROUPS for each in (PREFIX, FILTER) if typed[each.name]}
    if errors:
        raise ShowAgainError({name: request.text(error) for name, error in errors.items()})
    stated: dict[str, Any] = {
        "name": typed[NAME.name],
        "source": source,
        "targets": targets,
        "prefix": request.fields.get(PREFIX.name, ""),  # a space at its end is part of it
        "filter": _names_in(request, typed),
    }
    if source == STATIC:
        stated["value"] = _value_in(request, typed)
    return parse_body(request, ClaimMapping, stated, FIELDS)


def values_of(mapping: ClaimMapping) -> dict[str, str]:
    """Return the values of the form."""
    return {
        NAME.name: mapping.name,
        SOURCE.name: mapping.source,
        **{field.name: "1" if key in mapping.targets else "" for key, field in TARGETS.items()},
        VALUE.name: text_of(mapping.value) if mapping.value is not None else "",
        TYPE.name: _type_of(mapping.value),
        PREFIX.name: mapping.prefix,
        FILTER.name: text_of(mapping.filter) if mapping.filter else "",
    }


def shown_source(mapping: ClaimMapping, translate: Callable[[str], str]) -> Cell:
    """Return the source of a mapping, with what it makes of it."""
    if mapping.value is not None:
        return Cell(text_of(mapping.value), is_code=True)
    if mapping.attribute is not None:
        return Cell(words=_name_of_attribute(mapping.source, translate))
    patterns = mapping.filter or (["*"] if mapping.prefix else [])
    shown = [f"{mapping.prefix}{pattern}" for pattern in patterns]
    return Cell(words=SOURCE.label_of(mapping.source, translate), small=", ".join(shown))


def shown_targets(mapping: ClaimMapping, translate: Callable[[str], str]) -> str:
    return ", ".join(
        translate(field.label) for key, field in TARGETS.items() if key in mapping.targets
    )


def _name_of_attribute(source: str, translate: Callable[[str], str]) -> str:
    return translate("Attribute %(name)s") % {"name": source.removeprefix(ATTRIBUTE)}


def _names_in(request: ClientRequest, typed: Mapping[str, str]) -> Sequence[str]:
    text = typed[FILTER.name]
    try:
        return cast("list[str]", value_of(text, "list")) if text else ()
    except ValueError:
        raise ShowAgainError({FILTER.name: request.text(FILTER.wrong)}) from None


def _value_in(request: ClientRequest, typed: Mapping[str, str]) -> Any:
    kind, text = typed[TYPE.name], typed[VALUE.name]
    if kind not in {option.value for option in TYPES}:
        raise ShowAgainError({TYPE.name: request.text(TYPE.wrong)})
    try:
        if not text:
            raise ValueError("a static claim has a value")
        return value_of(text, kind)
    except ValueError:
        raise ShowAgainError({VALUE.name: request.text(VALUE.wrong)}) from None


def _type_of(value: object) -> str:
    """Return the type that a value has; a bool is a number in Python, too."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "list" if isinstance(value, list | tuple) else "string"
