"""A queue of items whose callers wait for an answer, each until a deadline of its own."""

import asyncio
import time
from collections import deque
from typing import Generic, TypeVar

from app.deadline import CallerConnection
from app.errors import CallerGoneError, DatabaseUnavailableError
from app.observability.logging import logger

log = logger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")
Entry = tuple[Item, asyncio.Future[Result], float, CallerConnection]
"""An item, its answer, its deadline and where it came from; a tuple, for its price."""

TOO_LATE_SECONDS = 0.25
"""With less time than this left, an item is refused instead of sent."""
SECONDS_BETWEEN_LOOKS = 0.05
NEVER = float("inf")


class WaitingQueue(Generic[Item, Result]):
    """First in, first out. One timer refuses what is past its deadline, wherever it stands.

    With `forgets_lost_callers` the items of callers who hung up leave too.
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
        """Put entries that were taken in front again."""
        self.entries.extendleft(reversed(entries))
        for entry in entries:
            if entry[2] < self._next_look:
                self._look_at(entry[2])

    def take(self, maximum: int) -> list[Entry[Item, Result]]:
        """Take the next entries that somebody still waits for."""
        taken: list[Entry[Item, Result]] = []
        latest = time.perf_counter() + TOO_LATE_SECONDS
        while self.entries and len(taken) < maximum:
            entry = self.entries.popleft()
            may_be_over = entry[2] <= latest or entry[3].is_closed or entry[1].done()
            if not may_be_over or not self._is_over(entry, latest):
                taken.append(entry)
        return taken

    def _is_over(self, entry: Entry[Item, Result], latest: float) -> bool:
        """Return whether this entry is dropped; answer its caller if that has not been done."""
        _, answer, deadline, connection = entry
        if answer.done():
            return True
        if deadline <= latest:
            answer.set_exception(DatabaseUnavailableError())
            self._refused += 1
        elif connection.is_closed and self._forgets_lost_callers:
            answer.set_exception(CallerGoneError())
        return answer.done()

    def _look_at(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next_look = deadline
        delay = max(deadline - TOO_LATE_SECONDS - time.perf_counter(), SECONDS_BETWEEN_LOOKS)
        self._timer = asyncio.get_running_loop().call_later(delay, self._look)

    def _look(self) -> None:
        """Refuse what is too late, and come back for the next one."""
        self._timer, self._next_look = None, NEVER
        earliest = NEVER
        latest = time.perf_counter() + TOO_LATE_SECONDS
        for _ in range(len(self.entries)):
            entry = self.entries.popleft()
            if not self._is_over(entry, latest):
                self.entries.append(entry)
                earliest = min(earliest, entry[2])
        if self._refused:
            log.warning("database unavailable: %d callers waited too long", self._refused)
            self._refused = 0
        if self.entries:
            self._look_at(earliest)
