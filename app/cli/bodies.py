"""Bodies of the services, made from the options of a command."""

from collections.abc import Mapping
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
