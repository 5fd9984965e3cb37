"""The time by which rules go, so that tests can set it. Log lines read the system's own."""

from datetime import UTC, datetime


class Clock:
    """Tells the time as an aware instant in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)
