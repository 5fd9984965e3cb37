"""Tries again what somebody else's lock holds up, apart from the batches."""

import asyncio
from collections import deque
from typing import Protocol


class HeldUp(Protocol):
    """A kind of batch with items that a lock holds up."""

    async def try_again(self) -> None:
        """Try some of them once, and announce those that are still locked again."""


class Retries:
    """Tries a few kinds at a time, and all of them in turn.

    Each try waits only briefly for its lock, so a lock that is held for long delays no other kind.
    """

    def __init__(self, *, at_once: int) -> None:
        self._free = at_once
        self._kinds: deque[HeldUp] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    def announce(self, kind: HeldUp) -> None:
        """Say that a kind has items to be tried again."""
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
