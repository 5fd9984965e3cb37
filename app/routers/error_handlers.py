"""Convert exceptions to responses, for both lanes.

Protocol endpoints return errors in the protocol's format (RFC 6749 section 5.2), everything else
problem details (RFC 9457) that also contain `error`. Those of the admin API point at the member of
the body that is wrong. A request that arrives too slowly or has too
large a head never gets this far: `app.server.http_protocol` rejects it.
"""

from collections.abc import Collection, Iterable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from app.errors import (
    ConflictError,
    InsufficientScopeError,
    InvalidInputError,
    OverloadedError,
    PosternError,
    UnavailableError,
)
from app.middleware.http import HttpResponse
from app.oauth.dpop.errors import algs
from app.oauth.errors import (
    InvalidRequestError,
    OAuth2Error,
    ServerError,
    TemporarilyUnavailableError,
    error_body,
    error_headers,
)
from app.observability import refusals
from app.routers.field_problems import (
    field_problem,
    field_problems,
    is_beyond_schema,
    message_of,
)
from app.routers.json_responses import NO_STORE, json_response, starlette_response
from app.startup_errors import is_exhaustion

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PROBLEM_JSON = b"application/problem+json"
SERVER_ERROR = str(ServerError.description)
UNPROCESSABLE = InvalidInputError.title
NOT_THE_SCHEMA = "The body does not match the schema."
BEYOND_SCHEMA = "A value is not allowed."
RULE_VIOLATED = "rule_violated"


class ErrorRenderer:
    """Renderer of errors, in the protocol's format where it is required.

    That is at `protocol_paths` and at every path that starts with an entry of `below`. Below
    `pointing_below`, problem details have pointers.
    """

    def __init__(
        self,
        protocol_paths: Collection[str],
        *,
        below: tuple[str, ...] = (),
        pointing_below: tuple[str, ...] = (),
    ) -> None:
        self._protocol_paths = frozenset(protocol_paths)
        self._below = below
        self._pointing_below = pointing_below

    def render(self, error: Exception, path: str) -> HttpResponse:
        """Return the response for an error at a path; a bug is a 500 without details."""
        if is_exhaustion(error):
            error = OverloadedError()
        if isinstance(error, OAuth2Error):
            return protocol_error(error)
        if isinstance(error, RequestValidationError):
            refusals.note_refusal("invalid_request", _reason_of(error))
            if self._points(path):
                return _pointing_validation_problem(error)
            return _validation_problem(error)
        if isinstance(error, HTTPException):
            refusals.note_refusal(_code_of(error), str(error.detail))
            return _http_error(error, in_the_protocols_words=self._speaks_protocol(path))
        refusals.note(error)
        if self._speaks_protocol(path):
            return _in_the_protocols_words(error)
        if isinstance(error, PosternError):
            return _pointing_problem(error) if self._points(path) else _problem_of(error)
        return _problem(500, "Internal Server Error", SERVER_ERROR, ServerError.error, {})

    def _speaks_protocol(self, path: str) -> bool:
        return path in self._protocol_paths or path.startswith(self._below)

    def _points(self, path: str) -> bool:
        return path.startswith(self._pointing_below)

    def install(self, application: FastAPI) -> None:
        """Make the framework render its own errors and those of its routes in the same way."""

        async def handle(request: Request, error: Exception) -> Response:
            if isinstance(error, HTTPException) and error.status_code == 405:
                error = HTTPException(405, headers={"Allow": allowed_methods(request)})
            algorithms = getattr(request.state, "proof_algorithms", None)
            if isinstance(error, InsufficientScopeError) and algorithms is not None:
                error = error.for_bound_token(algs(algorithms))
            return starlette_response(self.render(error, request.url.path))

        for error_class in (
            PosternError,
            OAuth2Error,
            RequestValidationError,
            HTTPException,
            Exception,
        ):
            application.add_exception_handler(error_class, handle)


def allowed_methods(request: Request) -> str:
    """Return the methods of all routes of a path (RFC 9110 section 10.2.1).

    The framework names those of the first route.
    """
    routes = request.app.routes
    allowed = [
        method
        for method in METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes
        )
    ]
    return ", ".join(("HEAD", *allowed) if "GET" in allowed else allowed)


def protocol_error(error: OAuth2Error) -> HttpResponse:
    refusals.note(error)
    return _protocol_response(error, error_headers(error))


def _protocol_response(
    error: OAuth2Error, extra_headers: Iterable[tuple[str, str]]
) -> HttpResponse:
    headers = [(name.lower().encode(), value.encode()) for name, value in extra_headers]
    return json_response(error_body(error), status=error.status_code, headers=(*headers, *NO_STORE))


def _in_the_protocols_words(error: Exception) -> HttpResponse:
    if isinstance(error, UnavailableError):
        reason = error.reason or error.detail
        return protocol_error(
            TemporarilyUnavailableError(retry_after=error.retry_after, reason=reason)
        )
    if isinstance(error, PosternError):
        oauth_error = OAuth2Error(error.detail, status_code=error.status, error=error.error_code)
        return _protocol_response(oauth_error, error.headers().items())
    return _protocol_response(ServerError(), ())


def _problem(
    status: int, title: str, detail: str, error: str, headers: dict[str, str], **members: Any
) -> HttpResponse:
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "error": error,
        **members,
    }
    encoded_headers = [
        (name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()
    ]
    return json_response(
        body, status=status, headers=(*encoded_headers, *NO_STORE), kind=PROBLEM_JSON
    )


def _http_error(error: HTTPException, *, in_the_protocols_words: bool) -> HttpResponse:
    """Return the response for an error of the framework.

    These are an unknown path, a wrong method and a body that is not JSON.
    """
    title, headers = HTTPStatus(error.status_code).phrase, dict(error.headers or {})
    if in_the_protocols_words:
        oauth_error = InvalidRequestError(f"{title}.", status_code=error.status_code)
        return _protocol_response(oauth_error, headers.items())
    return _problem(error.status_code, title, title, _code_of(error), headers)


def _code_of(error: HTTPException) -> str:
    return HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")


def _reason_of(error: RequestValidationError) -> str:
    """Return the location and the message of the first error, as in the response."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _problem_of(error: PosternError, **members: Any) -> HttpResponse:
    return _problem(
        error.status, error.title, error.detail, error.error_code, error.headers(), **members
    )


def _pointing_problem(error: PosternError) -> HttpResponse:
    """Return the response of the admin API, where 422 means that the schema is violated.

    A rule that no schema can state is a conflict.
    """
    errors = {"errors": [field_problem(error)]} if error.field else {}
    if isinstance(error, InvalidInputError):
        return _problem(409, ConflictError.title, error.detail, error.error_code, {}, **errors)
    return _problem_of(error, **errors)


def _pointing_validation_problem(error: RequestValidationError) -> HttpResponse:
    errors = field_problems(error)
    if is_beyond_schema(error):
        return _problem(409, ConflictError.title, BEYOND_SCHEMA, RULE_VIOLATED, {}, errors=errors)
    return _problem(422, UNPROCESSABLE, NOT_THE_SCHEMA, InvalidInputError.error, {}, errors=errors)


def _validation_problem(error: RequestValidationError) -> HttpResponse:
    """Return the location and the message of each error.

    The response never repeats the input, which may be a password.
    """
    errors = [
        {
            "location": list(detail["loc"]),
            "message": message_of(detail),
            "type": detail["type"],
        }
        for detail in error.errors()
    ]
    return _problem(422, UNPROCESSABLE, NOT_THE_SCHEMA, InvalidInputError.error, {}, errors=errors)
