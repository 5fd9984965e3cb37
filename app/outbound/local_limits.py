"""Rate limits of one process, used while the shared ones are unavailable."""

from collections.abc import Sequence
from datetime import datetime

from app.security.limit_counts import CountRow, judge, keys_of, wait_by
from app.security.limit_rules import Attempt, AttemptOutcome, LimitStore

MAXIMUM_ROWS = 50_000
"""Above this, expired rows are removed, and then the oldest."""


class LocalLimits(LimitStore):
    """Counts of attempts in memory."""

    def __init__(self) -> None:
        self._rows: dict[bytes, CountRow] = {}

    async def wait(self, attempts: Sequence[Attempt], *, now: datetime) -> float:
        return wait_by(attempts, self._rows, now=now)

    async def take(self, outcome: AttemptOutcome) -> float:
        keys = keys_of([*outcome.attempts, *outcome.forgets])
        rows = {key: self._rows[key] for key in keys if key in self._rows}
        (wait,), changed = judge([outcome], rows)
        for key, row in changed.items():
            self._rows.pop(key, None)  # keeps the newest rows last
            self._rows[key] = row
        if len(self._rows) > MAXIMUM_ROWS:
            self._make_room(outcome.now)
        return wait

    async def forget(self, attempts: Sequence[Attempt], *, now: datetime) -> None:
        for key in keys_of(attempts):
            self._rows.pop(key, None)

    def _make_room(self, now: datetime) -> None:
        self._rows = {key: row for key, row in self._rows.items() if row.expires_at > now}
        for key in list(self._rows)[: len(self._rows) - MAXIMUM_ROWS // 2]:
            del self._rows[key]
