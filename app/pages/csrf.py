"""Tokens against cross-site request forgery: a form says which browser it was made for.

A token is a MAC of the value of the browser's cookie, followed by that value. Two tabs that a fresh
browser opens at once each get a cookie, and the later one replaces the earlier. The form of the
earlier tab is accepted if the browser itself says that our own page sent it.
"""

import hmac

from fastapi import Request

from app.security.encryption import derive_key
from app.security.origins import web_origin_of
from app.wiring import Services

FIELD = "csrf_token"
PURPOSE = "csrf"
MAC_LENGTH = 64
SAME_ORIGIN = "same-origin"


def token_for(services: Services, identifier: str) -> str:
    return _mac(services.secret_keys[0], identifier) + identifier


def browser_named_by(
    services: Services, request: Request, token: str, *, identifier: str
) -> str | None:
    """Return the browser that a form was made for, or None if the form must be refused.

    `identifier` is the browser that sent the form.
    """
    site = request.headers.get("sec-fetch-site")
    if site not in (None, SAME_ORIGIN, "none"):
        return None
    mac, named = token[:MAC_LENGTH], token[MAC_LENGTH:] or identifier
    if not _is_ours(services, mac, named):
        return None
    if hmac.compare_digest(named.encode(), identifier.encode()):
        return named
    is_from_our_page = site == SAME_ORIGIN or (site is None and _has_our_origin(services, request))
    return named if is_from_our_page else None


def _has_our_origin(services: Services, request: Request) -> bool:
    """For addresses to which browsers send no `Sec-Fetch-Site`: http on another host."""
    origin, host = request.headers.get("origin"), request.headers.get("host")
    ours = web_origin_of(services.settings.issuer_url)
    return origin is not None and origin in (ours, f"http://{host}")


def _is_ours(services: Services, mac: str, identifier: str) -> bool:
    """Accept the tokens of either key while SECRET_KEY changes: their forms are still open."""
    return any(
        hmac.compare_digest(mac.encode(), _mac(key, identifier).encode())
        for key in services.secret_keys
    )


def _mac(secret_key: bytes, identifier: str) -> str:
    key = derive_key(secret_key, purpose=PURPOSE)
    return hmac.digest(key, identifier.encode(), "sha256").hex()
