"""The end of a server without a request that is cut.

A proxy keeps connections open and may send a request on one at any moment. So the server first
says `Connection: close` in every response (RFC 9112 section 9.6), accepts what the kernel has
queued, and closes an idle connection only after it had time to be used once more.
"""

import asyncio
import select
import socket
from collections.abc import Callable, Iterable
from typing import Protocol

from app.observability.logging import logger

log = logger(__name__)

ACCEPT_SECONDS = 0.2
"""Long enough for a handshake under way."""
QUEUE_SECONDS = 5.0
IDLE_SECONDS = 5.0
STEP_SECONDS = 0.02


class Connection(Protocol):
    """A connection as its end sees it."""

    def drain(self) -> None: ...
    def close_if_idle(self) -> None: ...


class Draining:
    """Ends the connections of a server; `is_forced` tells that somebody is impatient."""

    def __init__(
        self,
        connections: Iterable[Connection],
        tasks: Iterable[asyncio.Task[None]],
        *,
        seconds: float,
        is_forced: Callable[[], bool],
    ) -> None:
        self._connections = connections
        self._tasks = tasks
        self._is_forced = is_forced
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + seconds
        self._idle_until = self._loop.time() + min(IDLE_SECONDS, seconds / 2)

    async def empty_queue(self, listeners: Iterable[socket.socket]) -> None:
        """Let the event loop accept until nothing waits in the kernel.

        Where other processes accept from the same queue, it may never be empty, and need not be.
        """
        queues = select.poll()
        for each in listeners:
            queues.register(each, select.POLLIN)
        least = self._loop.time() + ACCEPT_SECONDS
        most = min(self._loop.time() + QUEUE_SECONDS, self._until)
        while not self._is_forced() and self._loop.time() < most:
            await asyncio.sleep(STEP_SECONDS)
            if self._loop.time() >= least and not queues.poll(0):
                return

    async def finish(self, *, spares_idle: bool) -> None:
        """Wait for the connections and for what they have begun; cancel what takes too long."""
        while (any(True for _ in self._connections) or self._tasks) and not self._is_forced():
            now = self._loop.time()
            if now >= self._until:
                self._cancel()
                return
            if not spares_idle or now >= self._idle_until:
                for each in list(self._connections):
                    each.close_if_idle()
            await asyncio.sleep(STEP_SECONDS)

    def _cancel(self) -> None:
        tasks = list(self._tasks)
        if tasks:
            log.error("%s requests took longer than GRACEFUL_TIMEOUT and are cut", len(tasks))
        for task in tasks:
            task.cancel()
