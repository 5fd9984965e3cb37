"""Retry items that wait for another transaction's lock, outside the batches."""

import asyncio
from collections import deque
from typing import Protocol


class HeldUp(Protocol):
    """A kind of batch that has items waiting for a lock."""

    async def try_again(self) -> None:
        """Retry some of the items once, and announce the kind again if some are still locked."""


class Retries:
    """Retry loop over the kinds, round-robin, with `at_once` kinds at a time.

    Each retry waits only briefly for its lock, so a lock that is held for long does not delay other
    kinds.
    """

    def __init__(self, *, at_once: int) -> None:
        self._free = at_once
        self._kinds: deque[HeldUp] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    def announce(self, kind: HeldUp) -> None:
        """Queue a kind that has items to retry."""
        if kind not in self._kinds:
            self._kinds.append(kind)
        if self._free:
            self._free -= 1
            task = asyncio.get_running_loop().create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        try:
            while self._kinds:
                await self._kinds.popleft().try_again()
        finally:
            self._free += 1
