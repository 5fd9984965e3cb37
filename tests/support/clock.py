"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

from app.clock import Clock


class FakeClock(Clock):
    def __init__(self) -> None:
        self._now = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self._now

    def advance(self, *, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
