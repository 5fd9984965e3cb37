"""`POST /introspect` (RFC 7662): token introspection."""

from app.middleware.cors import CrossOrigin
from app.middleware.http import HttpRequest, HttpResponse
from app.routers.hot import HotEndpoint, form_request_of, read_by
from app.routers.json_responses import NO_STORE, json_response
from app.routers.openapi_errors import protocol_errors
from app.schemas.tokens import IntrospectionRequest, IntrospectionResponse
from app.wiring import OAuth

READ = read_by(IntrospectionRequest)


async def introspect(oauth: OAuth, request: HttpRequest) -> HttpResponse:
    response = await oauth.introspection.respond(form_request_of(request, read=READ))
    return json_response(response, headers=NO_STORE)


INTROSPECT = HotEndpoint(
    "POST",
    "/introspect",
    introspect,
    {
        "tags": ["Tokens"],
        "name": "introspect",
        "summary": "Inspect a token",
        "description": "Token introspection (RFC 7662), for confidential clients.",
        "response_model": IntrospectionResponse,
        "response_model_exclude_none": True,
        "responses": protocol_errors(
            {400: "The request is refused.", 401: "Client authentication failed."}
        ),
    },
    forms=(IntrospectionRequest,),
    examples={"access_token": {"summary": "An access token", "value": {"token": "postern_at_…"}}},
    cross_origin=CrossOrigin.NONE,
    takes_proofs=False,
)
