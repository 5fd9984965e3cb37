"""Bodies of the services, made from the options of a command."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.errors import InvalidInputError

Body = TypeVar("Body", bound=BaseModel)


def parse_body(model: type[Body], values: Mapping[str, Any]) -> Body:
    """Return the body; raise `InvalidInputError` with the option that has an invalid value."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        message = problem["msg"].removeprefix("Value error, ")
        if not problem["loc"]:
            raise InvalidInputError(message) from None
        raise InvalidInputError(f"{{field}}: {message}", field=str(problem["loc"][0])) from None


def json_in(file: str, *, otherwise: str) -> Any:
    """Return the JSON in a file; raise `InvalidInputError` with this text if there is none."""
    try:
        return json.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        raise InvalidInputError(otherwise) from None


def json_object_in(file: str, *, otherwise: str) -> dict[str, Any]:
    """Do the same for a JSON object."""
    value = json_in(file, otherwise=otherwise)
    if not isinstance(value, dict):
        raise InvalidInputError(otherwise)
    return value
