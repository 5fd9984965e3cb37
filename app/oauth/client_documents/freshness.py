"""How long a document is fresh by the headers of its response (RFC 9111), within our bounds."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=1)
OTHERWISE = timedelta(hours=1)
"""For a response that does not say how long it is fresh."""
MAXIMUM_DIGITS = 9


def fresh_until(headers: Mapping[str, str], *, now: datetime) -> datetime:
    """Return when a document that was fetched now has to be fetched again."""
    lifetime = _lifetime(headers, now)
    age = _seconds(headers.get("age")) or timedelta(0)
    return now + min(max(lifetime - age, SHORTEST), LONGEST)


def _lifetime(headers: Mapping[str, str], now: datetime) -> timedelta:
    directives = _directives(headers.get("cache-control", ""))
    if {"no-store", "no-cache"} & directives.keys():
        return SHORTEST
    if "max-age" in directives:
        return _seconds(directives["max-age"]) or SHORTEST
    if "expires" not in headers:
        return OTHERWISE
    expires, date = _instant(headers["expires"]), _instant(headers.get("date", ""))
    return expires - (date or now) if expires is not None else SHORTEST


def _directives(text: str) -> Mapping[str, str]:
    pairs = (part.strip().lower().partition("=") for part in text.split(","))
    return {name: value.strip('"') for name, _, value in pairs}


def _seconds(text: str | None) -> timedelta | None:
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    return timedelta(seconds=int(text[:MAXIMUM_DIGITS]))


def _instant(text: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
