"""A limited number of places with a queue in front."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.errors import UnavailableError


class Places:
    """Semaphore with `count` places; tasks wait for them in the order of their arrival.

    Tasks with `is_first` go ahead of the others, except right after one of their own: so they never
    wait behind many others, and the others never starve.
    """

    def __init__(self, count: int) -> None:
        self._free_places = count
        self._first: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._was_first = False

    async def enter(self, *, is_first: bool) -> None:
        """Wait for a place. The task must call `leave` afterwards."""
        if self._free_places > 0:  # then no task is waiting
            self._free_places -= 1
            self._was_first = is_first
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._first if is_first else self._others).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place to the next waiting task."""
        queues = (self._first, self._others)
        for queue in reversed(queues) if self._was_first else queues:
            while queue:
                place = queue.popleft()
                if not place.done():
                    self._was_first = queue is self._first
                    place.set_result(None)
                    return
        self._free_places += 1

    @asynccontextmanager
    async def taken(
        self, *, within: float, late: type[UnavailableError], is_first: bool = False
    ) -> AsyncIterator[None]:
        """Hold a place inside the context; raise `late` if none is free after `within` seconds."""
        try:
            async with asyncio.timeout(within):
                await self.enter(is_first=is_first)
        except TimeoutError:
            raise late from None
        try:
            yield
        finally:
            self.leave()
