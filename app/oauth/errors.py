"""The errors of the standards, by their registered names, on Authlib's tree.

A description goes to a stranger: a constant, never what they sent, the same for unknown, expired
and used. The private `reason` goes into the log record of the refusal and nowhere else. Each raise
makes a fresh instance, since Authlib's errors change when they are rendered.
"""

from collections.abc import Callable

from authlib.oauth2.rfc6749.errors import OAuth2Error as AuthlibOAuth2Error

__all__ = [
    "AccessDeniedError",
    "AccountSelectionRequiredError",
    "AuthorizationPendingError",
    "ConsentRequiredError",
    "ExpiredTokenError",
    "InsufficientScopeError",
    "InvalidBearerRequestError",
    "InvalidClientError",
    "InvalidClientMetadataError",
    "InvalidGrantError",
    "InvalidRedirectUriError",
    "InvalidRequestError",
    "InvalidRequestObjectError",
    "InvalidRequestUriError",
    "InvalidScopeError",
    "InvalidTokenError",
    "LoginRequiredError",
    "MissingTokenError",
    "OAuth2Error",
    "RequestNotSupportedError",
    "RequestUriNotSupportedError",
    "ServerError",
    "SlowDownError",
    "TemporarilyUnavailableError",
    "UnauthorizedClientError",
    "UnmetAuthenticationRequirementsError",
    "UnsupportedGrantTypeError",
    "UnsupportedResponseTypeError",
    "error_body",
    "error_headers",
]

REALM = 'realm="postern"'


class OAuth2Error(AuthlibOAuth2Error):
    """A refusal. `reason` says which check failed and never holds a secret."""

    def __init__(
        self,
        description: str | None = None,
        *,
        reason: str | None = None,
        status_code: int | None = None,
        error: str | None = None,
    ) -> None:
        super().__init__(description, status_code=status_code, error=error)
        self.reason = reason


class InvalidRequestError(OAuth2Error):
    """RFC 6749 section 5.2."""

    error = "invalid_request"


class InvalidGrantError(OAuth2Error):
    """RFC 6749 section 5.2."""

    error = "invalid_grant"


class UnauthorizedClientError(OAuth2Error):
    """RFC 6749 section 5.2."""

    error = "unauthorized_client"


class InvalidScopeError(OAuth2Error):
    """RFC 6749 section 5.2."""

    error = "invalid_scope"
    description = "The requested scope is invalid, unknown, or malformed."


class InvalidClientError(OAuth2Error):
    """RFC 6749 section 5.2; always 401 here, so that the scheme to use is always told."""

    error = "invalid_client"
    status_code = 401
    description = "Client authentication failed."

    def further_headers(self) -> list[tuple[str, str]]:
        return [("WWW-Authenticate", f'Basic {REALM}, error="invalid_client"')]


class UnsupportedGrantTypeError(OAuth2Error):
    """RFC 6749 section 5.2."""

    error = "unsupported_grant_type"
    description = "The grant type is not supported."


class UnsupportedResponseTypeError(OAuth2Error):
    """RFC 6749 section 4.1.2.1."""

    error = "unsupported_response_type"
    description = "The response type is not supported."


class AccessDeniedError(OAuth2Error):
    """RFC 6749 section 4.1.2.1."""

    error = "access_denied"
    description = "The person did not allow it."


class AuthorizationPendingError(OAuth2Error):
    """RFC 8628 section 3.5."""

    error = "authorization_pending"
    description = "The person has not decided yet."


class SlowDownError(OAuth2Error):
    """RFC 8628 section 3.5."""

    error = "slow_down"
    description = "The device asks too often: five seconds more between two questions."


class ExpiredTokenError(OAuth2Error):
    """RFC 8628 section 3.5."""

    error = "expired_token"
    description = "The device code has expired."


class LoginRequiredError(OAuth2Error):
    """OpenID Connect Core section 3.1.2.6."""

    error = "login_required"
    description = "The person has to sign in."


class ConsentRequiredError(OAuth2Error):
    """OpenID Connect Core section 3.1.2.6."""

    error = "consent_required"
    description = "The person has to allow it."


class AccountSelectionRequiredError(OAuth2Error):
    """OpenID Connect Core section 3.1.2.6."""

    error = "account_selection_required"
    description = "The person has to choose an account."


class UnmetAuthenticationRequirementsError(OAuth2Error):
    """OpenID Connect Core Unmet Authentication Requirements 1.0."""

    error = "unmet_authentication_requirements"
    description = "No way to sign in here is of the class that was asked for."


class RequestNotSupportedError(OAuth2Error):
    """OpenID Connect Core section 3.1.2.6: an unsigned request object."""

    error = "request_not_supported"
    description = "A request object must be signed."


class RequestUriNotSupportedError(OAuth2Error):
    """OpenID Connect Core section 3.1.2.6: an unsigned request object at a URI."""

    error = "request_uri_not_supported"
    description = "A request object must be signed."


class InvalidRequestUriError(OAuth2Error):
    """RFC 9101 section 7."""

    error = "invalid_request_uri"
    description = "The request_uri is not valid."


class InvalidRequestObjectError(OAuth2Error):
    """RFC 9101 section 7."""

    error = "invalid_request_object"
    description = "The request object is not valid."


class InvalidClientMetadataError(OAuth2Error):
    """RFC 7591 section 3.2.2."""

    error = "invalid_client_metadata"


class InvalidRedirectUriError(OAuth2Error):
    """RFC 7591 section 3.2.2."""

    error = "invalid_redirect_uri"


class InsufficientScopeError(OAuth2Error):
    """RFC 6750 section 3.1."""

    error = "insufficient_scope"
    status_code = 403
    description = "The access token does not have the scope for this."

    def further_headers(self) -> list[tuple[str, str]]:
        challenge = f'Bearer {REALM}, error="insufficient_scope", scope="openid"'
        return [("WWW-Authenticate", challenge)]


class InvalidTokenError(OAuth2Error):
    """RFC 6750 section 3.1."""

    error = "invalid_token"
    status_code = 401
    description = "The access token is not valid."

    def further_headers(self) -> list[tuple[str, str]]:
        return [("WWW-Authenticate", f'Bearer {REALM}, error="invalid_token"')]


class InvalidBearerRequestError(InvalidRequestError):
    """RFC 6750 section 3.1: `invalid_request`, with its challenge."""

    def further_headers(self) -> list[tuple[str, str]]:
        return [("WWW-Authenticate", f'Bearer {REALM}, error="invalid_request"')]


class MissingTokenError(OAuth2Error):
    """No credentials at all: RFC 6750 section 3 wants a challenge without an error code in it."""

    error = "invalid_token"
    status_code = 401
    description = "An access token is required."

    def further_headers(self) -> list[tuple[str, str]]:
        return [("WWW-Authenticate", f"Bearer {REALM}")]


class TemporarilyUnavailableError(OAuth2Error):
    """The word of RFC 6749 section 4.1.2.1 for an overloaded server or a database that is away."""

    error = "temporarily_unavailable"
    status_code = 503
    description = "The server cannot answer at the moment."

    def __init__(self, *, retry_after: int, reason: str | None = None) -> None:
        super().__init__(reason=reason)
        self.retry_after = retry_after

    def further_headers(self) -> list[tuple[str, str]]:
        return [("Retry-After", str(self.retry_after))]


class ServerError(OAuth2Error):
    """A bug of ours."""

    error = "server_error"
    status_code = 500
    description = "The server met an unexpected condition."


def error_body(error: OAuth2Error) -> dict[str, str]:
    """RFC 6749 section 5.2: `error` and `error_description`."""
    body = {"error": str(error.error)}
    if error.description:
        body["error_description"] = str(error.description)
    return body


def error_headers(error: OAuth2Error) -> list[tuple[str, str]]:
    """What an error adds to the answer: its challenge, or when to come back."""
    further: Callable[[], list[tuple[str, str]]] | None = getattr(error, "further_headers", None)
    return further() if further is not None else []
