"""`GET /.well-known/oauth-authorization-server` and `/.well-known/openid-configuration`."""

from app.middleware.cors import CrossOrigin
from app.middleware.http import HttpRequest, HttpResponse
from app.oauth.metadata import with_scopes
from app.routers.hot import HotEndpoint
from app.routers.json_responses import json_response
from app.schemas.metadata import ServerMetadata
from app.wiring import OAuth

# Metadata is public, and apps in browsers read it, too.
HEADERS = ((b"cache-control", b"public, max-age=300"),)


async def server_metadata(oauth: OAuth, request: HttpRequest) -> HttpResponse:
    scopes = await oauth.scope_catalogue.scopes()
    resources = await oauth.resource_catalogue.published()
    detail_types = await oauth.authorization_type_catalogue.published()
    metadata = with_scopes(
        oauth.metadata,
        scopes,
        resources=resources,
        supports_documents=oauth.client_documents.policy.is_advertised,
        detail_types=detail_types,
    )
    return json_response(metadata, headers=HEADERS)


def _endpoint(path: str, name: str, standard: str) -> HotEndpoint:
    return HotEndpoint(
        "GET",
        f"/.well-known/{path}",
        server_metadata,
        {
            "tags": ["Server"],
            "name": name,
            "summary": "Get the metadata of this server",
            "description": f"{standard}; both documents have the same content.",
            "response_model": ServerMetadata,
            "response_model_exclude_none": True,
        },
        speaks_protocol=False,
        cross_origin=CrossOrigin.ANY,
        takes_proofs=False,
    )


METADATA = _endpoint(
    "oauth-authorization-server",
    "server_metadata",
    "Authorization server metadata (RFC 8414)",
)
OPENID_CONFIGURATION = _endpoint(
    "openid-configuration", "openid_configuration", "OpenID Connect Discovery 1.0"
)
