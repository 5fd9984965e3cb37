"""Objects whose members have any name that matches a rule."""

from typing import Any


def names_as_rule(schema: dict[str, Any]) -> None:
    """State the names as a rule for all properties.

    Clients are generated from it, and `patternProperties` alone allows any other name.
    """
    ((pattern, values),) = schema.pop("patternProperties").items()
    schema["propertyNames"] = {"pattern": pattern}
    schema["additionalProperties"] = values
