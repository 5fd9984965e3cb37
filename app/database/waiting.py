"""A queue of items whose callers wait for a result, each with its own deadline."""

import asyncio
import time
from collections import deque
from typing import Generic, TypeVar

from app.concurrency.deadline import CallerConnection
from app.errors import CallerGoneError, DatabaseUnavailableError
from app.observability.logging import logger

log = logger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")
Entry = tuple[Item, asyncio.Future[Result], float, CallerConnection]
"""An item, its future, its deadline and its caller's connection; a tuple for speed."""

TOO_LATE_SECONDS = 0.25
"""An item that has less time left than this is refused instead of sent."""
SECONDS_BETWEEN_LOOKS = 0.05
NEVER = float("inf")


class WaitingQueue(Generic[Item, Result]):
    """A FIFO queue, in which one timer refuses expired items at any position.

    With `forgets_lost_callers` the items of disconnected callers are removed too.
    """

    def __init__(self, *, forgets_lost_callers: bool) -> None:
        self.entries: deque[Entry[Item, Result]] = deque()
        self._forgets_lost_callers = forgets_lost_callers
        self._timer: asyncio.TimerHandle | None = None
        self._next_look = NEVER
        self._refused = 0

    def __len__(self) -> int:
        return len(self.entries)

    def append(self, entry: Entry[Item, Result]) -> None:
        self.entries.append(entry)
        if entry[2] < self._next_look:
            self._look_at(entry[2])

    def put_back(self, entries: list[Entry[Item, Result]]) -> None:
        """Put entries that were taken back at the front."""
        self.entries.extendleft(reversed(entries))
        for entry in entries:
            if entry[2] < self._next_look:
                self._look_at(entry[2])

    def take(self, maximum: int) -> list[Entry[Item, Result]]:
        """Take the next entries whose callers are still waiting, at most `maximum`."""
        entries: list[Entry[Item, Result]] = []
        earliest_deadline = time.perf_counter() + TOO_LATE_SECONDS
        while self.entries and len(entries) < maximum:
            entry = self.entries.popleft()
            may_be_over = entry[2] <= earliest_deadline or entry[3].is_closed or entry[1].done()
            if not may_be_over or not self._is_over(entry, earliest_deadline):
                entries.append(entry)
        return entries

    def _is_over(self, entry: Entry[Item, Result], latest: float) -> bool:
        """Return whether to drop this entry; if so, its future is resolved."""
        _, future, deadline, connection = entry
        if future.done():
            return True
        if deadline <= latest:
            future.set_exception(DatabaseUnavailableError())
            self._refused += 1
        elif connection.is_closed and self._forgets_lost_callers:
            future.set_exception(CallerGoneError())
        return future.done()

    def _look_at(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next_look = deadline
        delay = max(deadline - TOO_LATE_SECONDS - time.perf_counter(), SECONDS_BETWEEN_LOOKS)
        self._timer = asyncio.get_running_loop().call_later(delay, self._look)

    def _look(self) -> None:
        """Refuse expired entries, and set the timer for the next deadline."""
        self._timer, self._next_look = None, NEVER
        next_deadline = NEVER
        earliest_deadline = time.perf_counter() + TOO_LATE_SECONDS
        for _ in range(len(self.entries)):
            entry = self.entries.popleft()
            if not self._is_over(entry, earliest_deadline):
                self.entries.append(entry)
                next_deadline = min(next_deadline, entry[2])
        if self._refused:
            log.warning("database unavailable: %d callers waited too long", self._refused)
            self._refused = 0
        if self.entries:
            self._look_at(next_deadline)
