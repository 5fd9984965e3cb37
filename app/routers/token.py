"""`POST /token` (RFC 6749 section 3.2)."""

from fastapi import APIRouter

from app.middleware.cors import CrossOrigin
from app.middleware.http import HttpRequest, HttpResponse
from app.oauth.grants import GRANTS
from app.routers.hot import HotEndpoint, form_request_of, read_by
from app.routers.json_responses import NO_STORE, json_response
from app.routers.openapi_errors import protocol_errors
from app.schemas.tokens import TokenResponse
from app.wiring import OAuth

READ = read_by(*(grant.parameters for grant in GRANTS))


async def token(oauth: OAuth, request: HttpRequest) -> HttpResponse:
    response = await oauth.dispatcher.respond(form_request_of(request, read=READ))
    return json_response(response, headers=NO_STORE)


TOKEN = HotEndpoint(
    "POST",
    "/token",
    token,
    {
        "tags": ["Tokens"],
        "name": "token",
        "summary": "Exchange a grant for tokens",
        "description": "The token endpoint (RFC 6749 section 3.2). The client authenticates with "
        "HTTP Basic, or with `client_id` and `client_secret` in the form.",
        "response_model": TokenResponse,
        "response_model_exclude_none": True,
        "responses": protocol_errors(
            {
                400: ("The request or the grant is refused.", "invalid_grant"),
                401: "Client authentication failed.",
            }
        ),
    },
    forms=tuple(grant.parameters for grant in GRANTS),
    examples={
        grant.grant_type: {"summary": grant.example_name, "value": grant.example}
        for grant in GRANTS
    },
    cross_origin=CrossOrigin.REGISTERED,
)

router = APIRouter()
TOKEN.declare(router)
