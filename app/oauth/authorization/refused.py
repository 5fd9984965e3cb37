"""The response that sends an error to the client (RFC 6749 section 4.1.2.1)."""

from app.oauth.authorization.requests import RefusedRequestError
from app.oauth.authorization.response_modes import AuthorizationResponse
from app.observability import refusals


def error_response(refused: RefusedRequestError) -> AuthorizationResponse:
    error = refused.error
    refusals.note(error)
    parameters = {"error": str(error.error)}
    if error.description:
        parameters["error_description"] = str(error.description)
    return refused.target.response(parameters)
