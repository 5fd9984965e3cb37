"""`GET /jwks` (RFC 7517 section 5): the keys that verify what we sign."""

from typing import Any

from fastapi import APIRouter

from app.middleware.cors import CrossOrigin
from app.middleware.http import HttpRequest, HttpResponse
from app.routers.answers import json_response
from app.routers.hot import HotEndpoint
from app.services.signing_keys import KEPT_IN_MEMORY, PUBLISHED_BEFORE
from app.wiring import Services

# No copy may outlive the time for which a new key waits, less that for which we keep the old set.
MAX_AGE = int((PUBLISHED_BEFORE - 2 * KEPT_IN_MEMORY).total_seconds())
HEADERS = ((b"cache-control", b"public, max-age=%d" % MAX_AGE),)


async def jwks(services: Services, request: HttpRequest) -> HttpResponse:
    return json_response(await services.signing_keys.published(), headers=HEADERS)


JWKS = HotEndpoint(
    "GET",
    "/jwks",
    jwks,
    {
        "tags": ["Server"],
        "name": "jwks",
        "summary": "The public keys of this server",
        "description": "A JSON Web Key Set (RFC 7517).",
        "response_model": dict[str, list[dict[str, Any]]],
    },
    speaks_protocol=False,
    cross_origin=CrossOrigin.ANY,
)

router = APIRouter()
JWKS.declare(router)
