"""`POST /revoke` (RFC 7009): token revocation."""

from starlette.responses import Response

from app.middleware.cors import CrossOrigin
from app.middleware.http import HttpRequest, HttpResponse
from app.routers.hot import HotEndpoint, form_request_of, read_by
from app.routers.json_responses import NO_STORE
from app.routers.openapi_errors import protocol_errors
from app.schemas.tokens import RevocationRequest
from app.wiring import OAuth

READ = read_by(RevocationRequest)


async def revoke(oauth: OAuth, request: HttpRequest) -> HttpResponse:
    await oauth.revocation.respond(form_request_of(request, read=READ))
    return HttpResponse(200, b"", ((b"content-length", b"0"), *NO_STORE))


REVOKE = HotEndpoint(
    "POST",
    "/revoke",
    revoke,
    {
        "tags": ["Tokens"],
        "name": "revoke",
        "summary": "Revoke a token",
        "description": (
            "Token revocation (RFC 7009). Revoking a refresh token also revokes every token of "
            "its sign-in. The response for an unknown token is the same."
        ),
        "response_class": Response,  # the body is empty
        "responses": {
            200: {"description": "The token is no longer valid."},
            **protocol_errors(
                {400: "The request is refused.", 401: "Client authentication failed."}
            ),
        },
    },
    forms=(RevocationRequest,),
    examples={"refresh_token": {"summary": "A refresh token", "value": {"token": "postern_rt_…"}}},
    cross_origin=CrossOrigin.REGISTERED,
    takes_proofs=False,
)
