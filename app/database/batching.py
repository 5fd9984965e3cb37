"""Micro-batches: what arrives while one statement is under way travels in the next one.

An idle server answers a lone request at once, a busy one fills its batches by itself: no timer
delays anybody. See docs/decisions/0002-micro-batches.md for what can go wrong and what was decided.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from app.errors import OverloadedError, PosternError

Item = TypeVar("Item")
Result = TypeVar("Result")

MAXIMUM_ROWS = 128
MAXIMUM_WAITING = 4096
WORTH_ANOTHER_BATCH = 32
PATIENCE_SECONDS = 0.05


class MicroBatch(Generic[Item, Result]):
    """Collects items from many callers and runs them together.

    `run` takes the items and returns as many outcomes, in order; an outcome that is an exception
    is raised to its own caller. If `run` raises, every caller of that batch is told.
    A caller who is cancelled takes back an item that is not yet sent, and never stops a batch.
    """

    def __init__(
        self,
        run: Callable[[list[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        in_flight: int,
        maximum_rows: int = MAXIMUM_ROWS,
        maximum_waiting: int = MAXIMUM_WAITING,
    ) -> None:
        self._run = run
        self._free_slots = in_flight
        self._maximum_rows = maximum_rows
        self._maximum_waiting = maximum_waiting
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._batches: set[asyncio.Task[None]] = set()
        self._is_starting = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._patience: asyncio.TimerHandle | None = None

    async def submit(self, item: Item) -> Result:
        """Returns the outcome of one item; raises `OverloadedError` where too many wait."""
        if len(self._waiting) >= self._maximum_waiting:
            raise OverloadedError
        loop = self._loop
        if loop is None:  # kept, since Python 3.11 makes a system call of asking for it
            loop = self._loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        if not self._is_starting and self._may_start():
            self._is_starting = True
            loop.call_soon(self._start)
        elif self._free_slots and self._patience is None:
            self._patience = loop.call_later(PATIENCE_SECONDS, self._lose_patience)
        return await future

    async def drain(self) -> None:
        """Waits until everything that was submitted is answered."""
        while self._waiting or self._batches:
            await asyncio.sleep(0)
            await asyncio.gather(*self._batches, return_exceptions=True)

    def _start(self) -> None:
        self._is_starting = False
        while self._may_start() and (batch := self._take()):
            self._send(batch)

    def _lose_patience(self) -> None:
        """Starts a small second batch after all, beside one that waits for a lock, say."""
        self._patience = None
        if self._free_slots and (batch := self._take()):
            self._send(batch)

    def _send(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        self._free_slots -= 1
        task = asyncio.get_running_loop().create_task(self._carry_out(batch))
        self._batches.add(task)
        task.add_done_callback(self._leave)

    def _leave(self, batch: asyncio.Task[None]) -> None:
        self._batches.discard(batch)
        self._free_slots += 1
        self._start()

    def _may_start(self) -> bool:
        """A second batch beside one under way has to be worth its round trip."""
        if self._batches and len(self._waiting) < WORTH_ANOTHER_BATCH:
            return False
        return self._free_slots > 0

    def _take(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        while self._waiting and len(batch) < self._maximum_rows:
            entry = self._waiting.popleft()
            if not entry[1].done():
                batch.append(entry)
        return batch

    async def _carry_out(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            outcomes = await self._run([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, it goes to every caller
            outcomes = [_for_each_caller(error) for _ in batch]
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)


def _for_each_caller(error: Exception) -> Exception:
    """Errors of ours are raised fresh to each caller, so that their tracebacks do not mix."""
    if isinstance(error, PosternError):
        fresh = type(error)()
        fresh.__cause__ = error.__cause__
        return fresh
    return error
