"""Micro-batches: items that arrive while a statement runs are sent together in the next one.

An idle server runs a single request at once, and a busy server fills its batches without a timer
that delays requests. See docs/decisions/0002-micro-batches.md for the risks and the decisions.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from operator import itemgetter
from typing import Generic

from app.concurrency import deadline
from app.concurrency.places import Places
from app.database.errors import OutcomeUnknownError, RowLockedError, warn_of_unknown_outcome
from app.database.retries import Retries
from app.database.waiting import Entry, Item, Result, WaitingQueue
from app.errors import OverloadedError, PosternError

MAXIMUM_ROWS = 128
MAXIMUM_WAITING = 4096
WORTH_ANOTHER_BATCH = 32
PATIENCE_SECONDS = 0.04
PAUSE_SECONDS = 0.02
DEADLINE_OF = itemgetter(2)
"""Return the deadline of a queue entry."""


Run = Callable[[list[Item]], Awaitable[Sequence[Result | Exception]]]


class MicroBatch(Generic[Item, Result]):
    """A batch that collects items from many callers and runs them together.

    `run` takes the items and returns one outcome for each, in order; an outcome that is an
    exception is raised to the caller of that item. If `run` raises, every caller of the batch gets
    the exception. When a caller is cancelled, its item is dropped if it has not been sent yet, but
    the batch continues; with `forgets_lost_callers` the same happens when the caller's connection
    is lost.

    Items that wait for a lock (`RowLockedError`) go to `retries`, which run them with `run_again`
    so that they do not delay other items; without `retries` they stay first in the queue.
    Items leave the queue when `places` has a free place for a batch. Until then each item can be
    refused at the deadline of its caller, which is after `time_limit` seconds if the caller has
    none.
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
        self._not_taken = 0  # batches that still wait for a place
        self._is_starting = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._patience: asyncio.TimerHandle | None = None

    async def submit(self, item: Item) -> Result:
        """Return the outcome of one item; raises `OverloadedError` if too many are waiting."""
        if len(self._queued) + len(self._locked) >= self._maximum_waiting:
            raise OverloadedError
        loop = self._loop
        if loop is None:  # cached: in Python 3.11 get_running_loop() makes a system call
            loop = self._loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        caller = deadline.current_caller()
        if caller is None:
            caller = (time.perf_counter() + self._time_limit, deadline.UNKNOWN_CONNECTION)
        self._waiting.append((item, future, *caller))
        if self._free_slots and not self._is_starting:
            if self._may_start():
                self._is_starting = True
                loop.call_soon(self._start)
            elif self._patience is None:
                self._patience = loop.call_later(PATIENCE_SECONDS, self._flush_after_timeout)
        try:
            return await future
        except OutcomeUnknownError:
            warn_of_unknown_outcome()
            raise

    async def drain(self) -> None:
        """Wait until every submitted item has its outcome."""
        while self._waiting or self._batches or self._held_up:
            await asyncio.sleep(PAUSE_SECONDS if self._held_up else 0)
            await asyncio.gather(*self._batches, return_exceptions=True)

    async def try_again(self) -> None:
        """Retry items that wait for a lock; double their number each time this succeeds."""
        batch = self._held_up.take(self._rows_to_retry)
        if self._retries is not None and self._held_up:
            self._retries.announce(self)
        if batch:
            is_locked = await self._run_together(batch, self._run_again)
            self._rows_to_retry = 1 if is_locked else min(2 * len(batch), self._maximum_rows)

    def _start(self) -> None:
        self._is_starting = False
        while self._may_start():
            self._send()
        if self._free_slots and self._patience is None and self._unclaimed() > 0:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(PATIENCE_SECONDS, self._flush_after_timeout)

    def _flush_after_timeout(self) -> None:
        """Start small batches beside a slow one, after `PATIENCE_SECONDS`."""
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
        """Return whether to start a batch now.

        While another batch is running, a second one needs `WORTH_ANOTHER_BATCH` items to be worth
        its round trip.
        """
        if not self._free_slots or self._is_held_up():
            return False
        return self._unclaimed() >= (WORTH_ANOTHER_BATCH if self._batches else 1)

    def _is_held_up(self) -> bool:
        """Return whether so many items wait for locks that one batch at a time is enough."""
        return len(self._locked) >= self._maximum_rows and bool(self._batches)

    def _unclaimed(self) -> int:
        """Return how many queued items the batches that wait for a place will not take."""
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
        """Run a batch and answer its callers; return whether an item has to wait for a lock."""
        deadline.begin(min(map(DEADLINE_OF, batch)))
        try:
            outcomes = await run([entry[0] for entry in batch])
        except RowLockedError as error:
            outcomes = [error] * len(batch)
        except Exception as error:  # noqa: BLE001 - every caller of the batch gets it
            outcomes = [_for_each_caller(error) for _ in batch]
        locked_entries = []
        for entry, outcome in zip(batch, outcomes, strict=True):
            future = entry[1]
            if future.done():
                continue
            if not isinstance(outcome, Exception):
                future.set_result(outcome)
            elif isinstance(outcome, RowLockedError):
                locked_entries.append(entry)
            else:
                future.set_exception(outcome)
        if self._retries is None:
            self._waiting.put_back(locked_entries)
        elif locked_entries:
            for entry in locked_entries:
                self._held_up.append(entry)
            self._retries.announce(self)
        return bool(locked_entries)


def _for_each_caller(error: Exception) -> Exception:
    """Return a new instance of a Postern error for each caller, so that tracebacks do not mix."""
    if isinstance(error, PosternError):
        new_error = type(error)()
        new_error.__cause__ = error.__cause__
        return new_error
    return error
