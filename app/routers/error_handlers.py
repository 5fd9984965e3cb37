"""Convert exceptions to responses, for both lanes.

Protocol endpoints return errors in the protocol's format (RFC 6749 section 5.2), everything else
problem details (RFC 9457) that also contain `error`. Those of the admin API point at the member of
the body that is wrong. A request that arrives too slowly or has too
large a head never gets this far: `app.server.http_protocol` rejects it.
"""

from collections.abc import Collection, Iterable, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.errors import OverloadedError, PosternError, UnavailableError, is_exhaustion
from app.middleware.http import HttpResponse
from app.oauth.errors import (
    InvalidRequestError,
    OAuth2Error,
    ServerError,
    TemporarilyUnavailableError,
    error_body,
    error_headers,
)
from app.observability import refusals
from app.routers.field_problems import field_problem, field_problems, message_of
from app.routers.json_responses import NO_STORE, json_response, starlette_response

PROBLEM_JSON = b"application/problem+json"
SERVER_ERROR = str(ServerError.description)


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
            is_pointing = self._points(path)
            return _validation_problem(field_problems(error) if is_pointing else _members_of(error))
        if isinstance(error, HTTPException):
            refusals.note_refusal(_code_of(error), str(error.detail))
            return _http_error(error, in_the_protocols_words=self._speaks_protocol(path))
        refusals.note(error)
        if self._speaks_protocol(path):
            return _in_the_protocols_words(error)
        if isinstance(error, PosternError):
            errors = (
                {"errors": [field_problem(error)]} if error.field and self._points(path) else {}
            )
            return _problem(
                error.status, error.title, error.detail, error.error_code, error.headers(), **errors
            )
        return _problem(500, "Internal Server Error", SERVER_ERROR, ServerError.error, {})

    def _speaks_protocol(self, path: str) -> bool:
        return path in self._protocol_paths or path.startswith(self._below)

    def _points(self, path: str) -> bool:
        return path.startswith(self._pointing_below)

    def install(self, application: FastAPI) -> None:
        """Make the framework render its own errors and those of its routes in the same way."""

        async def handle(request: Request, error: Exception) -> Response:
            return starlette_response(self.render(error, request.url.path))

        for error_class in (
            PosternError,
            OAuth2Error,
            RequestValidationError,
            HTTPException,
            Exception,
        ):
            application.add_exception_handler(error_class, handle)


def protocol_error(error: OAuth2Error) -> HttpResponse:
    refusals.note(error)
    return _protocol_response(error, error_headers(error))


def _protocol_response(error: OAuth2Error, further: Iterable[tuple[str, str]]) -> HttpResponse:
    headers = [(name.lower().encode(), value.encode()) for name, value in further]
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
    status: int, title: str, detail: str, error: str, headers: dict[str, str], **further: Any
) -> HttpResponse:
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "error": error,
        **further,
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


def _members_of(error: RequestValidationError) -> list[dict[str, Any]]:
    """Return the location and the message of each error.

    The response never repeats the input, which may be a password.
    """
    return [
        {
            "location": list(detail["loc"]),
            "message": message_of(detail),
            "type": detail["type"],
        }
        for detail in error.errors()
    ]


def _validation_problem(errors: Sequence[Any]) -> HttpResponse:
    return _problem(
        422,
        "Unprocessable Content",
        "The body does not match the schema.",
        "invalid_request",
        {},
        errors=errors,
    )
