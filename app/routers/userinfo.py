"""`GET` and `POST /userinfo` (OpenID Connect Core section 5.3)."""

from typing import Any

from app.middleware.cors import CrossOrigin
from app.middleware.http import HttpRequest, HttpResponse
from app.oauth.bearer import Accepts
from app.oauth.requests import FORM_TYPE, parse_form
from app.routers.hot import HotEndpoint, authorization_of, presented_proof, with_nonce
from app.routers.json_responses import NO_STORE, json_response
from app.routers.openapi_errors import protocol_errors
from app.wiring import OAuth

JWT = b"application/jwt"
ACCESS_TOKEN = "access_token"
BY_FORM: dict[str, Any] = {
    "security": [{"OAuth2": []}, {}],
    "requestBody": {
        "content": {
            FORM_TYPE.decode(): {
                "schema": {
                    "type": "object",
                    "properties": {
                        ACCESS_TOKEN: {
                            "type": "string",
                            "description": (
                                "The access token, if it is not in the Authorization header."
                            ),
                        }
                    },
                    "examples": [{ACCESS_TOKEN: "postern_at_..."}],
                }
            }
        }
    },
}


async def userinfo(oauth: OAuth, request: HttpRequest) -> HttpResponse:
    token = await oauth.bearer_tokens.authenticate(
        authorization_of(request),
        accepts=Accepts.DEFAULT_RESOURCE,
        query=request.query,
        in_form=_token_in_form(request),
        proof=presented_proof(oauth, request),
        certificate=request.certificate,
    )
    headers = with_nonce(NO_STORE, oauth, request)
    claims = await oauth.userinfo.respond(token)
    if isinstance(claims, dict):
        return json_response(claims, headers=headers)
    body = claims.encode("ascii")
    length = (b"content-length", str(len(body)).encode("ascii"))
    return HttpResponse(200, body, ((b"content-type", JWT), length, *headers))


def _token_in_form(request: HttpRequest) -> str | None:
    """Return the access token from the body of a form post (RFC 6750 section 2.2), if any."""
    content_type = request.headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if request.method != "POST" or content_type != FORM_TYPE:
        return None
    return parse_form(request.body, FORM_TYPE, read=frozenset({ACCESS_TOKEN})).get(ACCESS_TOKEN)


def _endpoint(method: str) -> HotEndpoint:
    return HotEndpoint(
        method,
        "/userinfo",
        userinfo,
        {
            "tags": ["Profile"],
            "name": "userinfo" if method == "GET" else "userinfo_by_post",
            "summary": "Get claims about the user who signed in"
            + ("" if method == "GET" else ", with a form"),
            "description": (
                "OpenID Connect Core section 5.3. Requires the scope `openid`. A client that "
                "registered `userinfo_signed_response_alg` gets a signed JWT."
            ),
            "response_model": dict[str, Any],
            "responses": protocol_errors(
                {
                    400: "More than one token was sent.",
                    401: ("The token is missing or not valid.", "invalid_token"),
                    403: "The token does not have the scope openid.",
                }
            ),
        },
        cross_origin=CrossOrigin.REGISTERED,
        takes_proofs=True,
        openapi_extra=BY_FORM if method == "POST" else None,
    )


USERINFO_GET = _endpoint("GET")
USERINFO_POST = _endpoint("POST")
