"""The response that sends an error to the client (RFC 6749 section 4.1.2.1)."""

from collections.abc import Sequence

from app.oauth.authorization.requests import RefusedRequestError
from app.oauth.authorization.response_modes import AuthorizationResponse
from app.oauth.client_documents.errors import RefusedClientError
from app.observability import refusals
from app.services.accounts.sessions import SignedIn
from app.services.clients.consents import ConsentService

WEB = "https://"


async def require_known_target(
    refused: RefusedRequestError, signed_in: Sequence[SignedIn], *, consents: ConsentService
) -> None:
    """Require that a user of the browser has allowed a client with a document, if it is on the web.

    Anyone can publish a document: with its error responses, every link to this server could lead
    to every website (RFC 9700 section 4.11.2). Raises `RefusedClientError`.
    """
    client = refused.client
    if not client.has_document or not refused.target.redirect_uri.startswith(WEB):
        return
    for each in signed_in:
        if await consents.find(each.user, client) is not None:
            return
    raise RefusedClientError(refused.error)


def error_response(refused: RefusedRequestError) -> AuthorizationResponse:
    error = refused.error
    refusals.note(error)
    parameters = {"error": str(error.error)}
    if error.description:
        parameters["error_description"] = str(error.description)
    return refused.target.response(parameters)
