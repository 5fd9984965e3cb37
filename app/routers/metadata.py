"""`GET /.well-known/oauth-authorization-server` (RFC 8414)."""

from fastapi import APIRouter

from app.middleware.http import HttpRequest, HttpResponse
from app.routers.answers import json_response
from app.routers.hot import HotEndpoint
from app.schemas.metadata import ServerMetadata
from app.wiring import Services

# Metadata is public and read by browsers' applications too.
HEADERS = ((b"cache-control", b"public, max-age=300"), (b"access-control-allow-origin", b"*"))


async def server_metadata(services: Services, request: HttpRequest) -> HttpResponse:
    return json_response(services.metadata, headers=HEADERS)


METADATA = HotEndpoint(
    "GET",
    "/.well-known/oauth-authorization-server",
    server_metadata,
    {
        "tags": ["Server"],
        "name": "server_metadata",
        "summary": "What this server can do",
        "description": "Authorization server metadata (RFC 8414).",
        "response_model": ServerMetadata,
        "response_model_exclude_none": True,
    },
    speaks_protocol=False,
)

router = APIRouter()
METADATA.declare(router)
