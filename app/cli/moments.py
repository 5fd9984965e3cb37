"""Dates and times on the command line."""

from datetime import UTC, datetime

from app.errors import InvalidInputError


def parse_moment(text: str, option: str) -> datetime:
    """Parse an ISO 8601 date or time; without an offset it is in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(
            f"{option}: must be a date or time such as 2026-11-25T09:00:00Z."
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
