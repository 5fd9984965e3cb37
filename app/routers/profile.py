"""`GET /profile`: who the bearer of an access token is (RFC 6750)."""

from fastapi import APIRouter

from app.middleware.http import HttpRequest, HttpResponse
from app.routers.error_handlers import NO_STORE, json_response
from app.routers.hot import HotEndpoint, authorization_of
from app.schemas.profile import ClientProfile, UserProfile
from app.schemas.tokens import ProtocolError
from app.services.profile import profile_of
from app.wiring import Services


async def profile(services: Services, request: HttpRequest) -> HttpResponse:
    token = await services.bearer.authenticate(authorization_of(request), query=request.query)
    return json_response(profile_of(token), headers=NO_STORE)


PROFILE = HotEndpoint(
    "GET",
    "/profile",
    profile,
    {
        "tags": ["Profile"],
        "name": "profile",
        "summary": "Who bears this access token",
        "description": "Answers for people and for clients. Needs no particular scope.",
        "response_model": UserProfile | ClientProfile,
        "responses": {
            400: {"model": ProtocolError, "description": "More than one token was sent."},
            401: {"model": ProtocolError, "description": "The token is missing or not valid."},
            503: {"model": ProtocolError, "description": "Try again after Retry-After seconds."},
        },
        "openapi_extra": {"security": [{"OAuth2": []}]},
    },
)

router = APIRouter()
PROFILE.declare(router)
