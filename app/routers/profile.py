"""`GET /profile`: the user or client that an access token belongs to (RFC 6750)."""

from app.middleware.cors import CrossOrigin
from app.middleware.http import HttpRequest, HttpResponse
from app.oauth.bearer import Accepts
from app.oauth.profile import profile_of
from app.routers.hot import HotEndpoint, authorization_of, presented_proof, with_nonce
from app.routers.json_responses import NO_STORE, json_response
from app.routers.openapi_errors import protocol_errors
from app.schemas.profile import ClientProfile, PairwiseProfile, UserProfile
from app.wiring import OAuth


async def profile(oauth: OAuth, request: HttpRequest) -> HttpResponse:
    token = await oauth.bearer_tokens.authenticate(
        authorization_of(request),
        accepts=Accepts.NO_AUDIENCE,
        query=request.query,
        proof=presented_proof(oauth, request),
        certificate=request.certificate,
    )
    return json_response(profile_of(token), headers=with_nonce(NO_STORE, oauth, request))


PROFILE = HotEndpoint(
    "GET",
    "/profile",
    profile,
    {
        "tags": ["Profile"],
        "name": "profile",
        "summary": "Find out who an access token belongs to",
        "description": (
            "Works for the tokens of users and of clients. No particular scope is required."
        ),
        "response_model": UserProfile | PairwiseProfile | ClientProfile,
        "responses": protocol_errors(
            {
                400: "More than one token was sent.",
                401: ("The token is missing or not valid.", "invalid_token"),
            }
        ),
    },
    cross_origin=CrossOrigin.REGISTERED,
    takes_proofs=True,
)
