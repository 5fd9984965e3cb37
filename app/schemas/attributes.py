"""Typed attributes of users and groups."""

import math
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
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

from app.security.text import is_storable

AttributeType = Literal["string", "number", "boolean", "list"]
AppliesTo = Literal["users", "groups", "both"]
EditableBy = Literal["user", "administrator"]
MAXIMUM_LIST = 100
LARGEST_NUMBER = 2**53
"""Numbers above are not exact in JSON (RFC 8259 section 6)."""


def _storable(value: str) -> str:
    if not is_storable(value):
        raise ValueError("must not contain control characters")
    return value


def _exact(value: int | float) -> int | float:
    if abs(value) > LARGEST_NUMBER or not math.isfinite(value):
        raise ValueError("must be a number that JSON can represent")
    return value


Line = Annotated[StrictStr, StringConstraints(max_length=1000), AfterValidator(_storable)]
Number = Annotated[StrictInt | StrictFloat, AfterValidator(_exact)]
Lines = Annotated[tuple[Line, ...], Field(max_length=MAXIMUM_LIST)]
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
    description: Annotated[str, StringConstraints(max_length=1000), AfterValidator(_storable)] = ""


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
