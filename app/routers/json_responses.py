"""Convert the result of an endpoint to a response."""

from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from app.middleware.http import Headers, HttpResponse

NO_STORE = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
"""Headers of every response that contains a token (RFC 6749 section 5.1)."""
JSON = b"application/json"


def starlette_response(response: HttpResponse) -> Response:
    converted = Response(response.body, status_code=response.status)
    converted.raw_headers = list(response.headers)
    return converted


def json_response(
    body: Any, *, status: int = 200, headers: Headers = (), kind: bytes = JSON
) -> HttpResponse:
    content = to_json(body, exclude_none=True)
    return HttpResponse(
        status,
        content,
        (
            (b"content-type", kind),
            (b"content-length", b"%d" % len(content)),
            *headers,
        ),
    )
