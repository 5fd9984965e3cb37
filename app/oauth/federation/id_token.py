"""Claims of an identity provider's ID token (OpenID Connect Core 1.0 section 3.1.3.7)."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.models.federation.identity_providers import IdentityProvider
from app.security.client_jwt import require_audience, require_now
from app.security.jose import SignatureError
from app.security.text import is_storable

MAXIMUM_SUBJECT = 255


def require_claims(
    claims: Mapping[str, Any], provider: IdentityProvider, *, nonce: str, now: datetime
) -> None:
    """Require the claims of a valid ID token that was issued to this server for this sign-in.

    Raises `SignatureError`.
    """
    if claims.get("iss") != provider.issuer:
        raise SignatureError("iss is another issuer")
    _require_party(claims, provider.client_id)
    _require_nonce(claims.get("nonce"), nonce)
    subject = claims.get("sub")
    if (
        not isinstance(subject, str)
        or not 0 < len(subject) <= MAXIMUM_SUBJECT
        or not is_storable(subject)
    ):
        raise SignatureError("sub is missing or invalid")
    if require_now(claims, now) is None:
        raise SignatureError("exp is missing")


def _require_party(claims: Mapping[str, Any], client_id: str) -> None:
    """Require this client among the audiences, and as `azp` if there are others."""
    require_audience(claims, [client_id])
    audience, party = claims["aud"], claims.get("azp")
    is_shared = isinstance(audience, list) and len(audience) > 1
    if party != client_id and (is_shared or party is not None):
        raise SignatureError("azp is another client")


def _require_nonce(received: object, nonce: str) -> None:
    if not isinstance(received, str) or not hmac.compare_digest(
        received.encode("utf-8", "surrogatepass"), nonce.encode()
    ):
        raise SignatureError("nonce does not match")
