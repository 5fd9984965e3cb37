"""What a JWT that a client signed has to say (RFC 7519 section 4.1, RFC 8725 section 3)."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.security.jose import SignatureError, header_of

SKEW = timedelta(seconds=10)
"""How far the clock of a client may be from ours."""
PLAIN_TYPE = "jwt"


def kid_of(token: str) -> str | None:
    """Which key it names, before anything is verified; raises `SignatureError`."""
    kid = header_of(token).get("kid")
    return kid if isinstance(kid, str) else None


def require_type(token: str, expected: str) -> None:
    """Its `typ` is absent, `JWT`, or the expected one; raises `SignatureError`.

    A JWT that was made for something else says so there (RFC 8725 section 3.11).
    """
    typ = header_of(token).get("typ", PLAIN_TYPE)
    name = typ.lower().removeprefix("application/") if isinstance(typ, str) else None
    if name not in (PLAIN_TYPE, expected):
        raise SignatureError("it is of another type")


def require_audience(claims: Mapping[str, Any], accepted: Collection[str]) -> None:
    """One of its audiences is one of these; raises `SignatureError`."""
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(each, str) and each in accepted for each in named):
        raise SignatureError("it is for another audience")


def require_only_audience(claims: Mapping[str, Any], accepted: Collection[str]) -> None:
    """Require one of these as the audience, or a list of nothing but these.

    A stranger that is named beside us could present the same assertion here. Raises
    `SignatureError`.
    """
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not named or not all(isinstance(each, str) and each in accepted for each in named):
        raise SignatureError("its aud is not this server alone")


def require_now(
    claims: Mapping[str, Any], now: datetime, *, lifetime: timedelta | None = None
) -> datetime | None:
    """The instant of `exp`, if it has one; raises `SignatureError` for what is over or to come.

    With a `lifetime` it must have one, no later than this after now and after it began.
    """
    named = [name for name in ("nbf", "iat") if name in claims]
    begun = [now, *(_instant(claims[name], name) for name in named)]
    if max(begun) > now + SKEW:
        raise SignatureError("its time is to come")
    if "exp" not in claims and lifetime is None:
        return None
    expires_at = _instant(claims.get("exp"), "exp")
    if expires_at <= now - SKEW:
        raise SignatureError("it has expired")
    if lifetime is not None and expires_at - min(begun) > lifetime + SKEW:
        raise SignatureError("it lives too long")
    return expires_at


def _instant(value: Any, name: str) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SignatureError(f"its {name} is no time")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise SignatureError(f"its {name} is no time") from None
