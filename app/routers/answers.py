"""How an endpoint's result becomes an answer."""

from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from app.middleware.http import Headers, HttpResponse

NO_STORE = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
"""Of every answer with a token in it (RFC 6749 section 5.1)."""
JSON = b"application/json"


def starlette_response(response: HttpResponse) -> Response:
    made = Response(response.body, status_code=response.status)
    made.raw_headers = list(response.headers)
    return made


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
