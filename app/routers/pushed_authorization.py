"""`POST /par` (RFC 9126): pushed authorization requests."""

from app.middleware.cors import CrossOrigin
from app.middleware.http import HttpRequest, HttpResponse
from app.oauth.authorization.requests import PARAMETERS
from app.routers.hot import HotEndpoint, form_request_of, read_by, with_nonce
from app.routers.json_responses import NO_STORE, json_response
from app.routers.openapi_errors import protocol_errors
from app.schemas.tokens import PushedRequest, PushedResponse
from app.wiring import OAuth

READ = read_by(PushedRequest) | PARAMETERS


async def push(oauth: OAuth, request: HttpRequest) -> HttpResponse:
    response = await oauth.pushed_requests.respond(form_request_of(request, read=READ))
    headers = with_nonce(NO_STORE, oauth, request)
    return json_response(response, status=201, headers=headers)


PUSH = HotEndpoint(
    "POST",
    "/par",
    push,
    {
        "tags": ["Authorization"],
        "name": "pushed_authorization",
        "summary": "Push an authorization request",
        "description": (
            "Pushed authorization requests (RFC 9126): accepts the parameters of `/authorize` "
            "from an authenticated client and returns a `request_uri` for them."
        ),
        "response_model": PushedResponse,
        "status_code": 201,
        "responses": protocol_errors(
            {400: "The request is refused.", 401: "Client authentication failed."}
        ),
    },
    forms=(PushedRequest,),
    examples={
        "code": {
            "summary": "A code with PKCE",
            "value": {
                "response_type": "code",
                "redirect_uri": "http://localhost:3000/callback",
                "scope": "openid profile",
                "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                "code_challenge_method": "S256",
            },
        }
    },
    cross_origin=CrossOrigin.REGISTERED,
    takes_proofs=True,
)
