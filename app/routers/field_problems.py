"""Errors of the admin API about one member of the body or one parameter."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError

from app.errors import PosternError

IN_CODE = ("value_error", "assertion_error")
"""Types of Pydantic's errors that validators raise."""


def field_problem(error: PosternError) -> Mapping[str, str]:
    """Return what is wrong with the field of an error; a dot in its name leads to a member."""
    parts = (error.field or "").split(".")
    return _problem("body", parts, code=error.error_code, message=error.detail)


def field_problems(error: RequestValidationError) -> list[Mapping[str, str]]:
    """Return what is wrong with each member and parameter, without repeating the input."""
    return [
        _problem(
            str(detail["loc"][0]),
            detail["loc"][1:],
            code=detail["type"],
            message=message_of(detail),
        )
        for detail in error.errors()
    ]


def is_beyond_schema(error: RequestValidationError) -> bool:
    """Return whether the input matches the documented schema: only rules in code are violated."""
    return all(detail["type"] in IN_CODE for detail in error.errors())


def message_of(detail: Mapping[str, Any]) -> str:
    return str(detail["msg"]).removeprefix("Value error, ")


def _problem(location: str, parts: Sequence[Any], *, code: str, message: str) -> Mapping[str, str]:
    pointer = "".join(f"/{_escaped(str(part))}" for part in parts)
    return {"pointer": pointer, "location": location, "code": code, "message": message}


def _escaped(part: str) -> str:
    """Return a part of a JSON pointer (RFC 6901 section 3)."""
    return part.replace("~", "~0").replace("/", "~1")
