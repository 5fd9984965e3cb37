"""Claims of an identity provider's UserInfo endpoint (OpenID Connect Core 1.0 section 5.3)."""

import json
from collections.abc import Mapping
from typing import Any

from app.oauth.federation.errors import ProviderUnavailableError
from app.outbound.http import FetchError, OutboundHttp

BEARER = "bearer"


async def userinfo_claims(
    endpoint: str | None, tokens: Mapping[str, Any], *, subject: str, outbound: OutboundHttp
) -> dict[str, Any]:
    """Return the claims of the UserInfo endpoint, or {} if there is none or no bearer token for it.

    Raise `ProviderUnavailableError` if it fails, or answers for another `sub` (section 5.3.2), so
    that a failure is not mistaken for a user without claims.
    """
    access_token, token_type = tokens.get("access_token"), tokens.get("token_type", BEARER)
    if (
        endpoint is None
        or not isinstance(access_token, str)
        or not isinstance(token_type, str)
        or token_type.lower() != BEARER
    ):
        return {}
    try:
        authorization = f"Bearer {access_token}".encode("ascii")
        response = await outbound.send("GET", endpoint, headers=[(b"Authorization", authorization)])
        claims = json.loads(response.body) if response.is_success else None
    except (FetchError, ValueError, RecursionError) as error:
        raise ProviderUnavailableError(f"UserInfo failed: {error}") from error
    if not response.is_success:
        raise ProviderUnavailableError(f"UserInfo failed: status {response.status}")
    if not isinstance(claims, dict) or claims.get("sub") != subject:
        raise ProviderUnavailableError("UserInfo is not about the user of the ID token")
    return claims
