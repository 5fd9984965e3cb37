"""The errors of the standards, by their registered names, derived from Authlib's errors.

The public descriptions are in `app.oauth.descriptions`. The private `reason` is written only to the
log record of the refusal. Each raise creates a new instance, since Authlib's errors change when
they are rendered.
"""

from authlib.oauth2.rfc6749.errors import OAuth2Error as AuthlibOAuth2Error

from app.oauth.descriptions import Description

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
    "InvalidTargetError",
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
    "UserNotAllowedError",
    "error_body",
    "error_headers",
]

REALM = 'realm="postern"'


class OAuth2Error(AuthlibOAuth2Error):
    """A protocol error. `reason` says which check failed and never contains a secret."""

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
    description = Description.SCOPE_INVALID


class InvalidTargetError(OAuth2Error):
    """RFC 8707 section 2: the resource is unknown, not allowed, or not the only one."""

    error = "invalid_target"
    description = Description.RESOURCE_NOT_AVAILABLE


class InvalidClientError(OAuth2Error):
    """RFC 6749 section 5.2; always 401, so that `WWW-Authenticate` always names the scheme."""

    error = "invalid_client"
    status_code = 401
    description = Description.CLIENT_AUTHENTICATION_FAILED

    def extra_headers(self) -> list[tuple[str, str]]:
        return [("WWW-Authenticate", f'Basic {REALM}, error="invalid_client"')]


class UnsupportedGrantTypeError(OAuth2Error):
    """RFC 6749 section 5.2."""

    error = "unsupported_grant_type"
    description = Description.GRANT_TYPE_NOT_SUPPORTED


class UnsupportedResponseTypeError(OAuth2Error):
    """RFC 6749 section 4.1.2.1."""

    error = "unsupported_response_type"
    description = Description.RESPONSE_TYPE_NOT_SUPPORTED


class AccessDeniedError(OAuth2Error):
    """RFC 6749 section 4.1.2.1."""

    error = "access_denied"
    description = Description.DENIED_BY_USER


class UserNotAllowedError(AccessDeniedError):
    """RFC 6749 section 4.1.2.1: the access policy of the client does not allow the user."""

    description = Description.USER_NOT_ALLOWED


class AuthorizationPendingError(OAuth2Error):
    """RFC 8628 section 3.5."""

    error = "authorization_pending"
    description = Description.AUTHORIZATION_PENDING


class SlowDownError(OAuth2Error):
    """RFC 8628 section 3.5."""

    error = "slow_down"
    description = Description.POLLING_TOO_OFTEN


class ExpiredTokenError(OAuth2Error):
    """RFC 8628 section 3.5."""

    error = "expired_token"
    description = Description.DEVICE_CODE_EXPIRED


class LoginRequiredError(OAuth2Error):
    """OpenID Connect Core section 3.1.2.6."""

    error = "login_required"
    description = Description.LOGIN_REQUIRED


class ConsentRequiredError(OAuth2Error):
    """OpenID Connect Core section 3.1.2.6."""

    error = "consent_required"
    description = Description.CONSENT_REQUIRED


class AccountSelectionRequiredError(OAuth2Error):
    """OpenID Connect Core section 3.1.2.6."""

    error = "account_selection_required"
    description = Description.ACCOUNT_SELECTION_REQUIRED


class UnmetAuthenticationRequirementsError(OAuth2Error):
    """OpenID Connect Core Unmet Authentication Requirements 1.0."""

    error = "unmet_authentication_requirements"
    description = Description.ACR_NOT_AVAILABLE


class RequestNotSupportedError(OAuth2Error):
    """OpenID Connect Core section 3.1.2.6: an unsigned request object."""

    error = "request_not_supported"
    description = Description.REQUEST_OBJECT_UNSIGNED


class RequestUriNotSupportedError(OAuth2Error):
    """OpenID Connect Core section 3.1.2.6: an unsigned request object at a URI."""

    error = "request_uri_not_supported"
    description = Description.REQUEST_OBJECT_UNSIGNED


class InvalidRequestUriError(OAuth2Error):
    """RFC 9101 section 7."""

    error = "invalid_request_uri"
    description = Description.REQUEST_URI_INVALID


class InvalidRequestObjectError(OAuth2Error):
    """RFC 9101 section 7."""

    error = "invalid_request_object"
    description = Description.REQUEST_OBJECT_INVALID


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
    description = Description.SCOPE_INSUFFICIENT

    def extra_headers(self) -> list[tuple[str, str]]:
        challenge = f'Bearer {REALM}, error="insufficient_scope", scope="openid"'
        return [("WWW-Authenticate", challenge)]


class InvalidTokenError(OAuth2Error):
    """RFC 6750 section 3.1."""

    error = "invalid_token"
    status_code = 401
    description = Description.ACCESS_TOKEN_INVALID

    def extra_headers(self) -> list[tuple[str, str]]:
        return [("WWW-Authenticate", f'Bearer {REALM}, error="invalid_token"')]


class InvalidBearerRequestError(InvalidRequestError):
    """RFC 6750 section 3.1: `invalid_request`, with a challenge."""

    def extra_headers(self) -> list[tuple[str, str]]:
        return [("WWW-Authenticate", f'Bearer {REALM}, error="invalid_request"')]


class MissingTokenError(OAuth2Error):
    """No credentials at all: RFC 6750 section 3 asks for a challenge without an error code."""

    error = "invalid_token"
    status_code = 401
    description = Description.ACCESS_TOKEN_REQUIRED

    def extra_headers(self) -> list[tuple[str, str]]:
        return [("WWW-Authenticate", f"Bearer {REALM}")]


class TemporarilyUnavailableError(OAuth2Error):
    """RFC 6749 section 4.1.2.1: the server is overloaded or the database is unavailable."""

    error = "temporarily_unavailable"
    status_code = 503
    description = Description.TEMPORARILY_UNAVAILABLE

    def __init__(self, *, retry_after: int, reason: str | None = None) -> None:
        super().__init__(reason=reason)
        self.retry_after = retry_after

    def extra_headers(self) -> list[tuple[str, str]]:
        return [("Retry-After", str(self.retry_after))]


class ServerError(OAuth2Error):
    """RFC 6749 section 4.1.2.1: a bug in this server."""

    error = "server_error"
    status_code = 500
    description = Description.SERVER_ERROR


def error_body(error: OAuth2Error) -> dict[str, str]:
    """Return the JSON members `error` and `error_description` (RFC 6749 section 5.2)."""
    body = {"error": str(error.error)}
    if error.description:
        body["error_description"] = str(error.description)
    return body


def error_headers(error: OAuth2Error) -> list[tuple[str, str]]:
    """Return the headers that an error adds to the response: a challenge or `Retry-After`."""
    headers: list[tuple[str, str]] = getattr(error, "extra_headers", list)()
    return headers
