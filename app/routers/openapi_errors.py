"""Document error responses for OpenAPI, each with its actual media type and schema."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from app.schemas.problems import Problem
from app.schemas.tokens import ProtocolError

Responses = dict[int | str, dict[str, Any]]

TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
NO_JSON = "The body is not JSON."
TOO_LARGE = "The body is too large."
NOT_THE_SCHEMA = "The body does not match the schema."
TOO_MANY = "Too many attempts. Try again after Retry-After seconds."
TRY_AGAIN = "Try again after Retry-After seconds."


Refusals = Mapping[int, str | tuple[str, str]]
"""Error responses by status: a description, with the `error` code if it is not the usual one."""

_USUAL_PROBLEMS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    410: "gone",
    412: "precondition_failed",
    413: "invalid_request",
    415: "unsupported_media_type",
    422: "invalid_request",
    428: "precondition_required",
    429: "too_many_requests",
    503: "temporarily_unavailable",
}
_USUAL_ERRORS = {
    400: "invalid_request",
    401: "invalid_client",
    403: "insufficient_scope",
    413: "invalid_request",
    429: "too_many_requests",
    503: "temporarily_unavailable",
}


def problems(additional: Refusals | None = None) -> Responses:
    """Return the error responses of a call with a JSON body: the usual ones and `additional`."""
    described: Refusals = {
        400: NO_JSON,
        **(additional or {}),
        413: TOO_LARGE,
        422: NOT_THE_SCHEMA,
        429: TOO_MANY,
        503: TRY_AGAIN,
    }
    return {status: problem(status, refusal) for status, refusal in sorted(described.items())}


def problem(
    status: int, refusal: str | tuple[str, str], *, schema: str = Problem.__name__
) -> dict[str, Any]:
    text, error = _parts(refusal, usual=_USUAL_PROBLEMS[status])
    example = {
        "type": "about:blank",
        "title": TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": text,
        "error": error,
    }
    return _response(text, "application/problem+json", schema, example)


def protocol_errors(additional: Refusals) -> Responses:
    """Return the error responses of a protocol endpoint: the usual ones and `additional`."""
    described: Refusals = {**additional, 413: TOO_LARGE, 429: TOO_MANY, 503: TRY_AGAIN}
    responses: Responses = {}
    for status, refusal in sorted(described.items()):
        text, error = _parts(refusal, usual=_USUAL_ERRORS[status])
        example = {"error": error, "error_description": text}
        responses[status] = _response(text, "application/json", ProtocolError.__name__, example)
    return responses


def _parts(refusal: str | tuple[str, str], *, usual: str) -> tuple[str, str]:
    return (refusal, usual) if isinstance(refusal, str) else refusal


def _response(
    description: str, media_type: str, schema: str, example: dict[str, Any]
) -> dict[str, Any]:
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": example}
    return {"description": description, "content": {media_type: content}}
