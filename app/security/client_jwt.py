"""Checks of the claims of a JWT signed by a client (RFC 7519 section 4.1, RFC 8725 section 3)."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.security.jose import SignatureError, header_of

SKEW = timedelta(seconds=10)
"""Allowed difference between the client's clock and the server's."""
PLAIN_TYPE = "jwt"


def kid_of(token: str) -> str | None:
    """Return the `kid` of the unverified header; raises `SignatureError`."""
    kid = header_of(token).get("kid")
    return kid if isinstance(kid, str) else None


def require_type(token: str, expected: str) -> None:
    """Require `typ` to be absent, `JWT` or the expected type; raises `SignatureError`.

    A JWT issued for another purpose has another `typ` (RFC 8725 section 3.11).
    """
    typ = header_of(token).get("typ", PLAIN_TYPE)
    name = typ.lower().removeprefix("application/") if isinstance(typ, str) else None
    if name not in (PLAIN_TYPE, expected):
        raise SignatureError("typ is not accepted")


def require_audience(claims: Mapping[str, Any], accepted: Collection[str]) -> None:
    """Require at least one of the audiences to be accepted; raises `SignatureError`."""
    aud = claims.get("aud")
    audiences = aud if isinstance(aud, list) else [aud]
    if not any(isinstance(item, str) and item in accepted for item in audiences):
        raise SignatureError("aud does not match")


def require_only_audience(claims: Mapping[str, Any], accepted: Collection[str]) -> None:
    """Require the audience to be an accepted one, or a list of accepted ones only.

    Any other server named in the list could present the same assertion here. Raises
    `SignatureError`.
    """
    aud = claims.get("aud")
    audiences = aud if isinstance(aud, list) else [aud]
    if not audiences or not all(isinstance(item, str) and item in accepted for item in audiences):
        raise SignatureError("aud is not this server only")


def require_exact_audience(claims: Mapping[str, Any], accepted: str) -> None:
    """Require the audience to be one string (FAPI 2.0 section 5.3.2.1); raises `SignatureError`."""
    if claims.get("aud") != accepted:
        raise SignatureError("aud is not the issuer as a string")


def require_now(
    claims: Mapping[str, Any], now: datetime, *, lifetime: timedelta | None = None
) -> datetime | None:
    """Return the instant of `exp`, if present; raises `SignatureError` if expired or not yet valid.

    With a `lifetime`, `exp` is required, at most that long after now and after `nbf` and `iat`.
    """
    present = [name for name in ("nbf", "iat") if name in claims]
    starts = [now, *(_instant(claims[name], name) for name in present)]
    if max(starts) > now + SKEW:
        raise SignatureError("it is not valid yet")
    if "exp" not in claims and lifetime is None:
        return None
    expires_at = _instant(claims.get("exp"), "exp")
    if expires_at <= now - SKEW:
        raise SignatureError("it has expired")
    if lifetime is not None and expires_at - min(starts) > lifetime + SKEW:
        raise SignatureError("its lifetime is too long")
    return expires_at


def require_lifetime(claims: Mapping[str, Any], now: datetime, *, maximum: timedelta) -> datetime:
    """Return the instant of `exp`, of a JWT that may be presented again until then.

    Require `iat` and `exp`, and `exp` to be at most `maximum` after `iat`; raises `SignatureError`.
    """
    for name in ("iat", "exp"):
        if name not in claims:
            raise SignatureError(f"{name} is missing")
    expires_at = require_now(claims, now)
    if expires_at is None:
        raise SignatureError("exp is missing")
    if expires_at - _instant(claims["iat"], "iat") > maximum + SKEW:
        raise SignatureError("exp is too long after iat")
    return expires_at


def _instant(value: Any, name: str) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SignatureError(f"{name} is not a valid time")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise SignatureError(f"{name} is not a valid time") from None
