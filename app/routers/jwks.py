"""`GET /jwks` (RFC 7517 section 5): the public keys that verify our signatures."""

from typing import Any

from app.middleware.cors import CrossOrigin
from app.middleware.http import HttpRequest, HttpResponse
from app.routers.hot import HotEndpoint
from app.routers.json_responses import json_response
from app.wiring import OAuth


async def jwks(oauth: OAuth, request: HttpRequest) -> HttpResponse:
    published = await oauth.signing_keys.published()
    max_age = int(published.max_age.total_seconds())
    return json_response(
        published.jwks, headers=((b"cache-control", b"public, max-age=%d" % max_age),)
    )


JWKS = HotEndpoint(
    "GET",
    "/jwks",
    jwks,
    {
        "tags": ["Server"],
        "name": "jwks",
        "summary": "Get the public keys of this server",
        "description": "A JSON Web Key Set (RFC 7517).",
        "response_model": dict[str, list[dict[str, Any]]],
    },
    speaks_protocol=False,
    cross_origin=CrossOrigin.ANY,
    takes_proofs=False,
)
