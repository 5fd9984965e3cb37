"""Redeem a code at an identity provider's token endpoint (RFC 6749 section 4.1.3)."""

import base64
import json
from typing import Any
from urllib.parse import quote_plus, urlencode

from app.models.federation.identity_providers import IdentityProvider
from app.oauth.federation.authentication import AuthenticationRequest
from app.oauth.federation.discovery import ProviderMetadata
from app.oauth.federation.errors import ProviderProtocolError, ProviderUnavailableError
from app.outbound.http import Fetched, FetchError, OutboundHttp

CLIENT_SECRET_POST = "client_secret_post"
HEADERS = (
    (b"Accept", b"application/json"),
    (b"Content-Type", b"application/x-www-form-urlencoded;charset=UTF-8"),
)
MAXIMUM_CODE_LENGTH = 49
UNSUCCESSFUL, NOT_JSON, TOO_DEEP = "HTTPStatusError", "ValueError", "RecursionError"
UNNAMED_ERROR, UNREADABLE_ERROR = "oauth_error", "OAuthError"
"""Reasons in the log besides error codes of the provider; operators may search for them."""


async def redeem(
    code: str,
    request: AuthenticationRequest,
    *,
    provider: IdentityProvider,
    client_secret: str | None,
    metadata: ProviderMetadata,
    outbound: OutboundHttp,
) -> dict[str, Any]:
    """Return the token response for a code; without a secret as a public client.

    Raises `ProviderUnavailableError` or `ProviderProtocolError`.
    """
    headers, form = _authentication(provider.client_id, client_secret, metadata)
    body = {
        "grant_type": "authorization_code",
        "redirect_uri": request.redirect_uri,
        "code": code,
        "code_verifier": request.code_verifier,
        **form,
    }
    try:
        response = await outbound.send(
            "POST",
            metadata.token_endpoint,
            headers=[*HEADERS, *headers],
            body=urlencode(body).encode("ascii"),
        )
    except FetchError as error:
        raise _unavailable(type(error).__name__) from error
    return _parse(response)


def _authentication(
    client_id: str, client_secret: str | None, metadata: ProviderMetadata
) -> tuple[list[tuple[bytes, bytes]], dict[str, str]]:
    """Return the headers and the form parameters that authenticate this client (section 2.3.1).

    The secret is sent in the body if that is supported: providers decode Basic in different ways.
    """
    if client_secret is None:
        return [], {"client_id": client_id}
    if CLIENT_SECRET_POST in metadata.auth_methods:
        return [], {"client_id": client_id, "client_secret": client_secret}
    credentials = f"{quote_plus(client_id)}:{quote_plus(client_secret)}".encode("ascii")
    return [(b"Authorization", b"Basic " + base64.b64encode(credentials))], {}


def _parse(response: Fetched) -> dict[str, Any]:
    """Return the JSON object of a response; its status decides only where there is none."""
    if response.status >= 500:
        raise _unavailable(UNSUCCESSFUL)
    try:
        tokens = json.loads(response.body)
    except RecursionError:
        raise _invalid(TOO_DEEP) from None
    except ValueError:
        tokens = None
    if not isinstance(tokens, dict):
        raise _invalid(NOT_JSON) if response.is_success else _unavailable(UNSUCCESSFUL)
    if "error" in tokens:
        raise _invalid(_error_code(tokens["error"]))
    _require_lifetime(tokens.get("expires_in"))
    return tokens


def _error_code(value: object) -> str:
    """Return the error code for the log; no other text of the provider is logged."""
    if value is None:
        return UNNAMED_ERROR
    is_code = isinstance(value, str) and value.isascii() and value.isprintable()
    return str(value) if is_code and len(str(value)) <= MAXIMUM_CODE_LENGTH else UNREADABLE_ERROR


def _require_lifetime(expires_in: Any) -> None:
    """Refuse a lifetime that is not a number (section 5.1)."""
    try:
        int(expires_in or 0)
    except (TypeError, ValueError, OverflowError) as error:
        raise _invalid(type(error).__name__) from None


def _unavailable(reason: str) -> ProviderUnavailableError:
    return ProviderUnavailableError(f"its token endpoint failed: {reason}")


def _invalid(reason: str) -> ProviderProtocolError:
    return ProviderProtocolError(f"its token endpoint failed: {reason}")
