"""Values of attributes by name, as bodies of the admin API have them."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from app.schemas.attributes import AttributeName, AttributeValue
from app.schemas.property_names import names_as_rule

Values = Annotated[Mapping[AttributeName, AttributeValue], Field(json_schema_extra=names_as_rule)]
ChangedValues = Annotated[
    Mapping[AttributeName, AttributeValue | None], Field(json_schema_extra=names_as_rule)
]
"""Null removes a value."""
