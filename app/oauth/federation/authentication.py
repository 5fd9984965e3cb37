"""Authentication requests to an identity provider, and their responses.

OpenID Connect Core 1.0 section 3.1.2, PKCE (RFC 7636), and `iss` (RFC 9207).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from app.models.federation.identity_providers import IdentityProvider
from app.oauth.federation.discovery import ProviderMetadata
from app.oauth.federation.errors import ProviderProtocolError, SignInDeniedError
from app.oauth.pkce import S256, code_challenge_of, new_code_verifier

SECRET_BYTES = 32
FRESH = {"prompt": "login", "max_age": "0"}
"""Request a new sign-in, and therefore `auth_time` (OpenID Connect Core section 3.1.2.1)."""


@dataclass(frozen=True, slots=True)
class AuthenticationRequest:
    """The parameters of an authentication request by which its response is verified."""

    redirect_uri: str
    state: str
    nonce: str
    code_verifier: str


def new_request(redirect_uri: str) -> AuthenticationRequest:
    """Create an authentication request with a new state, nonce and code verifier."""
    return AuthenticationRequest(
        redirect_uri=redirect_uri,
        state=secrets.token_urlsafe(SECRET_BYTES),
        nonce=secrets.token_urlsafe(SECRET_BYTES),
        code_verifier=new_code_verifier(),
    )


def url_of(
    request: AuthenticationRequest,
    provider: IdentityProvider,
    metadata: ProviderMetadata,
    *,
    is_fresh: bool,
) -> str:
    """Return the URL that sends the browser to the identity provider.

    With `is_fresh`, the provider must ask the user to sign in again.
    """
    parts = urlsplit(metadata.authorization_endpoint)
    parameters = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": request.redirect_uri,
        "scope": provider.scope,
        "state": request.state,
        **(FRESH if is_fresh else {}),
        "nonce": request.nonce,
        "code_challenge": code_challenge_of(request.code_verifier),
        "code_challenge_method": S256,
    }
    own_parameters = parse_qsl(parts.query, keep_blank_values=True)
    return parts._replace(query=urlencode([*own_parameters, *parameters.items()])).geturl()


def code_of(response: Mapping[str, str], metadata: ProviderMetadata, *, issuer: str) -> str:
    """Return the code in the parameters of an authorization response.

    Raises `SignInDeniedError`, or `ProviderProtocolError` for a response that is from another
    issuer (RFC 9207 section 2.4), another error, or without a code.
    """
    received_issuer = response.get("iss")
    if received_issuer != issuer and (received_issuer is not None or metadata.names_itself):
        raise ProviderProtocolError("the response names another issuer")
    if response.get("error") == "access_denied":
        raise SignInDeniedError("it responded with access_denied")
    if "error" in response:
        raise ProviderProtocolError("it responded with an error")
    code = response.get("code")
    if not code:
        raise ProviderProtocolError("the response has no code")
    return code
