"""Typed attributes of users and groups."""

import json
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from app.schemas.characters import NO_CONTROLS

AttributeType = Literal["string", "number", "boolean", "list"]
AppliesTo = Literal["users", "groups", "both"]
EditableBy = Literal["user", "administrator"]
MAXIMUM_LIST = 100
BOOLEANS = {"true": True, "false": False}
LARGEST_NUMBER = 2**53 - 1
"""Numbers above are not exact in JSON (RFC 8259 section 6)."""

Line = Annotated[StrictStr, StringConstraints(max_length=1000), NO_CONTROLS]
WholeNumber = Annotated[StrictInt, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
Fraction = Annotated[StrictFloat, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER, allow_inf_nan=False)]
Number = WholeNumber | Fraction
ShortLine = Annotated[StrictStr, StringConstraints(max_length=500), NO_CONTROLS]
Lines = Annotated[tuple[ShortLine, ...], Field(max_length=MAXIMUM_LIST)]
AttributeValue = StrictBool | Number | Line | Lines
AttributeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


_VALUE: TypeAdapter[AttributeValue] = TypeAdapter(AttributeValue)


class AttributeDefinitionBody(BaseModel):
    """The declaration of an attribute."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: AttributeName
    type: AttributeType
    applies_to: AppliesTo
    editable_by: EditableBy = "administrator"
    description: Annotated[str, StringConstraints(max_length=1000), NO_CONTROLS] = ""


def is_value(value: Any) -> bool:
    """Return whether a value can be that of an attribute, of whatever type."""
    try:
        _VALUE.validate_python(value)
    except ValidationError:
        return False
    return True


def is_of_type(value: Any, kind: str) -> bool:
    """Return whether a value from JSON has the type that its attribute was declared with."""
    if kind == "string":
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def value_of(text: str, kind: str) -> Any:
    """Return the value that a text stands for, in the type of its attribute.

    A list is `a,b`, or a JSON array for items that contain a comma. Raise `ValueError` with what
    the text must be.
    """
    if kind == "boolean":
        if text not in BOOLEANS:
            raise ValueError("must be true or false")
        return BOOLEANS[text]
    if kind == "number":
        try:
            return int(text) if text.lstrip("-").isdecimal() else float(text)
        except ValueError:
            raise ValueError("must be a number") from None
    return _list_of(text) if kind == "list" else text


def text_of(value: Any) -> str:
    """Return the text that `value_of` reads as this value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        is_plain = all(item and item == item.strip() and "," not in item for item in value)
        is_plain = is_plain and not (value and value[0].startswith("["))
        return ",".join(value) if is_plain else json.dumps(list(value), ensure_ascii=False)
    return str(value)


def _list_of(text: str) -> list[str]:
    if not text.startswith("["):
        return [item.strip() for item in text.split(",") if item.strip()]
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError("must be a list such as a,b or a JSON array")
    return items
