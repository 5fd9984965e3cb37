"""`POST /token` (RFC 6749 section 3.2)."""

from typing import Any

from app.middleware.cors import CrossOrigin
from app.middleware.http import HttpRequest, HttpResponse
from app.oauth.grants import Grants
from app.routers.hot import HotEndpoint, form_request_of, read_by, with_nonce
from app.routers.json_responses import NO_STORE, json_response
from app.routers.openapi_errors import protocol_errors
from app.schemas.tokens import TokenResponse
from app.wiring import OAuth

DOCUMENTATION: dict[str, Any] = {
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
}


def token_endpoint(grants: Grants) -> HotEndpoint:
    """Return the token endpoint, which reads and describes the parameters of these grants."""
    forms = tuple(grant.parameters for grant in grants)
    read = read_by(*forms)

    async def token(oauth: OAuth, request: HttpRequest) -> HttpResponse:
        form_request = form_request_of(request, read=read)
        response = await oauth.dispatcher.respond(form_request)
        has_proof = form_request.dpop is not None
        headers = with_nonce(NO_STORE, oauth, request) if has_proof else NO_STORE
        return json_response(response, headers=headers)

    return HotEndpoint(
        "POST",
        "/token",
        token,
        DOCUMENTATION,
        forms=forms,
        examples={
            grant.grant_type: {"summary": grant.example_name, "value": grant.example}
            for grant in grants
        },
        cross_origin=CrossOrigin.REGISTERED,
        takes_proofs=True,
    )
