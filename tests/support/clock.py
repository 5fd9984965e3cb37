"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

from app.clock import Clock


class FakeClock(Clock):
    """It starts with the minute, so that windows of limits and TOTP steps always fall alike."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC).replace(second=0, microsecond=0)

    def now(self) -> datetime:
        return self._now

    def advance(self, *, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
