"""The one place that asks the operating system for the time, so that tests can set it."""

from datetime import UTC, datetime


class Clock:
    """Tells the time as an aware instant in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)
