"""Claims of an identity provider's UserInfo endpoint (OpenID Connect Core 1.0 section 5.3)."""

import json
from collections.abc import Mapping
from typing import Any

from app.outbound.http import FetchError, OutboundHttp

BEARER = "bearer"


async def userinfo_claims(
    endpoint: str | None, tokens: Mapping[str, Any], *, subject: str, outbound: OutboundHttp
) -> dict[str, Any]:
    """Return the claims of the UserInfo endpoint, or {} if it is missing or fails.

    They are optional. Claims about another `sub` are ignored (section 5.3.2).
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
    except (FetchError, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) and claims.get("sub") == subject else {}
