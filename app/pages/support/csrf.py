"""Tokens against cross-site request forgery, which bind a form to the browser it was rendered for.

A token is a MAC of the value of the browser's cookie, followed by that value. If a new browser
opens two tabs at once, each tab gets a cookie, and the later one replaces the earlier. The form of
the earlier tab is accepted if the browser's own headers say that it was sent from the same origin.
"""

import hmac
from functools import lru_cache

from fastapi import Request

from app.security.encryption import derive_key
from app.security.origins import web_origin_of
from app.security.purposes import Purpose
from app.wiring import Services

FIELD = "csrf_token"
MAC_LENGTH = 64
SAME_ORIGIN = "same-origin"


def token_for(services: Services, identifier: str) -> str:
    return _mac(services.core.secret_keys[0], identifier) + identifier


def browser_named_by(
    services: Services, request: Request, token: str, *, identifier: str
) -> str | None:
    """Return the identifier of the browser that a form was rendered for, or None to refuse it.

    `identifier` identifies the browser that sent the form.
    """
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site not in (None, SAME_ORIGIN, "none"):
        return None
    mac, token_identifier = token[:MAC_LENGTH], token[MAC_LENGTH:] or identifier
    if not _is_ours(services, mac, token_identifier):
        return None
    if hmac.compare_digest(token_identifier.encode(), identifier.encode()):
        return token_identifier
    is_from_our_page = fetch_site == SAME_ORIGIN or (
        fetch_site is None and _has_our_origin(services, request)
    )
    return token_identifier if is_from_our_page else None


def _has_our_origin(services: Services, request: Request) -> bool:
    """Check the `Origin` header, for URLs to which browsers send no `Sec-Fetch-Site`.

    Those are http URLs of a host other than localhost.
    """
    origin, host = request.headers.get("origin"), request.headers.get("host")
    issuer_origin = web_origin_of(services.core.links.issuer)
    return origin is not None and origin in (issuer_origin, f"http://{host}")


def _is_ours(services: Services, mac: str, identifier: str) -> bool:
    """Check the MAC under each key, so that open forms stay valid while SECRET_KEY is rotated."""
    return any(
        hmac.compare_digest(mac.encode(), _mac(key, identifier).encode())
        for key in services.core.secret_keys
    )


def _mac(secret_key: bytes, identifier: str) -> str:
    return hmac.digest(_derived(secret_key), identifier.encode(), "sha256").hex()


@lru_cache(maxsize=8)
def _derived(secret_key: bytes) -> bytes:
    return derive_key(secret_key, purpose=Purpose.CSRF_TOKENS)
