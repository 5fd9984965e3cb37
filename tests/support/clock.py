"""A clock that only moves when a test advances it."""

from datetime import UTC, datetime, timedelta

from app.clock import Clock


class FakeClock(Clock):
    """A fake clock. It starts at a full minute, so that rate limit windows and TOTP steps align."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC).replace(second=0, microsecond=0)

    def now(self) -> datetime:
        return self._now

    def advance(self, *, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
