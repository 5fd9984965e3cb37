"""How refusals are documented: each with the media type and the schema it really has."""

from typing import Any

from app.schemas.problems import Problem
from app.schemas.tokens import ProtocolError

Responses = dict[int | str, dict[str, Any]]

NO_JSON = "The body is no JSON."
TOO_LARGE = "The body is too large."
NOT_THE_SCHEMA = "The body does not fit its schema."
TOO_MANY = "There were too many tries. Try again after Retry-After seconds."
TRY_AGAIN = "Try again after Retry-After seconds."


def problems(further: dict[int, str] | None = None) -> Responses:
    """Of a call with a JSON body: problem details for what may go wrong, and for `further`."""
    described = {
        400: NO_JSON,
        **(further or {}),
        413: TOO_LARGE,
        422: NOT_THE_SCHEMA,
        429: TOO_MANY,
        503: TRY_AGAIN,
    }
    return {status: problem(text) for status, text in sorted(described.items())}


def problem(description: str) -> dict[str, Any]:
    return _response(description, "application/problem+json", Problem.__name__)


def protocol_errors(further: dict[int, str]) -> Responses:
    """Of a protocol endpoint: `further`, and what may go wrong at each."""
    described = {**further, 413: TOO_LARGE, 429: TOO_MANY, 503: TRY_AGAIN}
    return {
        status: _response(text, "application/json", ProtocolError.__name__)
        for status, text in sorted(described.items())
    }


def _response(description: str, media_type: str, schema: str) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {"description": description, "content": {media_type: {"schema": reference}}}
