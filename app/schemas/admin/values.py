"""Values of attributes by name, as bodies of the admin API have them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from app.schemas.attributes import AttributeName, AttributeValue


def _names_as_rule(schema: dict[str, Any]) -> None:
    """State the names as a rule for all properties: clients are generated from it."""
    ((pattern, values),) = schema.pop("patternProperties").items()
    schema["propertyNames"] = {"pattern": pattern}
    schema["additionalProperties"] = values


Values = Annotated[Mapping[AttributeName, AttributeValue], Field(json_schema_extra=_names_as_rule)]
ChangedValues = Annotated[
    Mapping[AttributeName, AttributeValue | None], Field(json_schema_extra=_names_as_rule)
]
"""Null removes a value."""
