"""Micro-batches: what arrives while one statement is under way travels in the next one.

An idle server answers a lone request at once, a busy one fills its batches by itself: no timer
delays anybody. See docs/decisions/0002-micro-batches.md for what can go wrong and what was decided.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from operator import itemgetter
from typing import Generic

from app import deadline
from app.database.errors import OutcomeUnknownError, RowLockedError, warn_of_unknown_outcome
from app.database.retries import Retries
from app.database.waiting import Entry, Item, Result, WaitingQueue
from app.errors import OverloadedError, PosternError
from app.places import Places

MAXIMUM_ROWS = 128
MAXIMUM_WAITING = 4096
WORTH_ANOTHER_BATCH = 32
PATIENCE_SECONDS = 0.04
PAUSE_SECONDS = 0.02
DEADLINE_OF = itemgetter(2)
"""Of an entry of the queue."""


Run = Callable[[list[Item]], Awaitable[Sequence[Result | Exception]]]


class MicroBatch(Generic[Item, Result]):
    """Collects items from many callers and runs them together.

    `run` takes the items and returns as many outcomes, in order; an outcome that is an exception
    is raised to its own caller. If `run` raises, every caller of that batch is told.
    A caller who is cancelled takes back an item that is not yet sent, and never stops a batch; with
    `forgets_lost_callers` so does one whose connection is lost.

    What a lock holds up (`RowLockedError`) goes to `retries`, which run it with `run_again`, so
    that nobody else waits for it; without them it stays first in the queue.
    A batch leaves the queue when there is a place for it: until then each item can be refused at
    the deadline of its caller, who without one waits for `time_limit` seconds.
    """

    def __init__(
        self,
        run: Run[Item, Result],
        *,
        in_flight: int,
        time_limit: float,
        places: Places | None = None,
        forgets_lost_callers: bool = False,
        retries: Retries | None = None,
        run_again: Run[Item, Result] | None = None,
        maximum_rows: int = MAXIMUM_ROWS,
        maximum_waiting: int = MAXIMUM_WAITING,
    ) -> None:
        self._run = run
        self._free_slots = in_flight
        self._time_limit = time_limit
        self._places = places or Places(in_flight)
        self._maximum_rows = maximum_rows
        self._maximum_waiting = maximum_waiting
        self._waiting = WaitingQueue[Item, Result](forgets_lost_callers=forgets_lost_callers)
        self._retries = retries
        self._run_again = run_again or run
        self._rows_to_retry = 1
        self._held_up = WaitingQueue[Item, Result](forgets_lost_callers=forgets_lost_callers)
        self._queued, self._locked = self._waiting.entries, self._held_up.entries
        self._batches: set[asyncio.Task[None]] = set()
        self._not_taken = 0  # batches that have no place yet
        self._is_starting = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._patience: asyncio.TimerHandle | None = None

    async def submit(self, item: Item) -> Result:
        """Returns the outcome of one item; raises `OverloadedError` where too many wait."""
        if len(self._queued) + len(self._locked) >= self._maximum_waiting:
            raise OverloadedError
        loop = self._loop
        if loop is None:  # kept, since Python 3.11 makes a system call of asking for it
            loop = self._loop = asyncio.get_running_loop()
        answer: asyncio.Future[Result] = loop.create_future()
        caller = deadline.current_caller()
        if caller is None:
            caller = (time.perf_counter() + self._time_limit, deadline.UNKNOWN_CONNECTION)
        self._waiting.append((item, answer, *caller))
        if self._free_slots and not self._is_starting:
            if self._may_start():
                self._is_starting = True
                loop.call_soon(self._start)
            elif self._patience is None:
                self._patience = loop.call_later(PATIENCE_SECONDS, self._lose_patience)
        try:
            return await answer
        except OutcomeUnknownError:
            warn_of_unknown_outcome()
            raise

    async def drain(self) -> None:
        """Waits until everything that was submitted is answered."""
        while self._waiting or self._batches or self._held_up:
            await asyncio.sleep(PAUSE_SECONDS if self._held_up else 0)
            await asyncio.gather(*self._batches, return_exceptions=True)

    async def try_again(self) -> None:
        """Tries items that a lock held up; more at once while that goes well."""
        batch = self._held_up.take(self._rows_to_retry)
        if self._retries is not None and self._held_up:
            self._retries.announce(self)
        if batch:
            held_up = await self._run_together(batch, self._run_again)
            self._rows_to_retry = 1 if held_up else min(2 * len(batch), self._maximum_rows)

    def _start(self) -> None:
        self._is_starting = False
        while self._may_start():
            self._send()
        if self._free_slots and self._patience is None and self._unclaimed() > 0:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(PATIENCE_SECONDS, self._lose_patience)

    def _lose_patience(self) -> None:
        """Starts small batches after all, beside one that is slow."""
        self._patience = None
        while self._free_slots and self._unclaimed() > 0 and not self._is_held_up():
            self._send()

    def _send(self) -> None:
        self._free_slots -= 1
        self._not_taken += 1
        task = asyncio.get_running_loop().create_task(self._carry_out())
        self._batches.add(task)
        task.add_done_callback(self._leave)

    def _leave(self, batch: asyncio.Task[None]) -> None:
        self._batches.discard(batch)
        self._free_slots += 1
        self._start()

    def _may_start(self) -> bool:
        """A second batch beside one under way has to be worth its round trip."""
        if not self._free_slots or self._is_held_up():
            return False
        return self._unclaimed() >= (WORTH_ANOTHER_BATCH if self._batches else 1)

    def _is_held_up(self) -> bool:
        """Whether so much is locked that one batch at a time is enough to see when it no longer
        is."""
        return len(self._locked) >= self._maximum_rows and bool(self._batches)

    def _unclaimed(self) -> int:
        """How many wait beyond what the batches that have no place yet will take."""
        return len(self._queued) - self._not_taken * self._maximum_rows

    async def _carry_out(self) -> None:
        try:
            await self._places.enter(is_first=True)
        finally:
            self._not_taken -= 1
        try:
            batch = self._waiting.take(self._maximum_rows)
            if batch:
                await self._run_together(batch, self._run)
        finally:
            self._places.leave()

    async def _run_together(self, batch: list[Entry[Item, Result]], run: Run[Item, Result]) -> bool:
        """Whether a lock held something up."""
        deadline.begin(min(map(DEADLINE_OF, batch)))
        try:
            outcomes = await run([entry[0] for entry in batch])
        except RowLockedError as error:
            outcomes = [error] * len(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, it goes to every caller
            outcomes = [_for_each_caller(error) for _ in batch]
        locked = []
        for entry, outcome in zip(batch, outcomes, strict=True):
            answer = entry[1]
            if answer.done():
                continue
            if not isinstance(outcome, Exception):
                answer.set_result(outcome)
            elif isinstance(outcome, RowLockedError):
                locked.append(entry)
            else:
                answer.set_exception(outcome)
        if self._retries is None:
            self._waiting.put_back(locked)
        elif locked:
            for entry in locked:
                self._held_up.append(entry)
            self._retries.announce(self)
        return bool(locked)


def _for_each_caller(error: Exception) -> Exception:
    """Errors of ours are raised fresh to each caller, so that their tracebacks do not mix."""
    if isinstance(error, PosternError):
        fresh = type(error)()
        fresh.__cause__ = error.__cause__
        return fresh
    return error
