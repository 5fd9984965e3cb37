"""The clock that all rules use, so that tests can set it. Log lines use the system's clock."""

from datetime import UTC, datetime


class Clock:
    """Source of the current time, as an aware datetime in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)
