"""`GET /.well-known/webfinger` (RFC 7033)."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.dependencies import OAuthDep
from app.middleware.cors import CorsPolicy, CrossOrigin
from app.oauth.webfinger import ISSUER_RELATION
from app.routers.json_responses import json_response, starlette_response
from app.routers.openapi_errors import problem
from app.schemas.webfinger import ResourceDescriptor

PATH = "/.well-known/webfinger"
CORS = CorsPolicy(CrossOrigin.ANY, ("GET",))
"""RFC 7033 section 5: apps in browsers look up addresses, too."""

router = APIRouter(tags=["Server"])

JRD = "application/jrd+json"
HEADERS = ((b"cache-control", b"public, max-age=300"),)
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The links of the resource.",
        "content": {JRD: {"schema": {"$ref": "#/components/schemas/ResourceDescriptor"}}},
    },
    400: problem(400, "The resource is missing or malformed."),
    404: problem(404, "The resource is not an address of WEBFINGER_DOMAINS."),
}
PARAMETERS: dict[str, Any] = {
    "parameters": [
        {
            "name": "resource",
            "in": "query",
            "required": True,
            "description": "The email address, as a URI (RFC 7565).",
            "schema": {"type": "string"},
            "example": "acct:ada@example.com",
        },
        {
            "name": "rel",
            "in": "query",
            "description": "The relations to return; all without it.",
            "schema": {"type": "array", "items": {"type": "string"}},
            "example": [ISSUER_RELATION],
        },
    ]
}


@router.get(PATH, response_model=ResourceDescriptor, responses=RESPONSES, openapi_extra=PARAMETERS)
async def find_issuer(request: Request, oauth: OAuthDep) -> Response:
    """Return the issuer of an email address, alike for users that exist and that do not."""
    query = request.query_params
    descriptor = oauth.webfinger.describe(query.getlist("resource"), relations=query.getlist("rel"))
    return starlette_response(json_response(descriptor, headers=HEADERS, kind=JRD.encode()))
