"""Graceful shutdown: the server stops without aborting a request.

A proxy keeps connections open and may send a request on one at any moment. So the server first
sends `Connection: close` in every response (RFC 9112 section 9.6), accepts what the kernel has
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
"""Long enough to complete a handshake that is in progress."""
QUEUE_SECONDS = 5.0
IDLE_SECONDS = 5.0
STEP_SECONDS = 0.02


class Connection(Protocol):
    """A connection that can be drained."""

    def drain(self) -> None: ...
    def close_if_idle(self) -> None: ...


class Draining:
    """The graceful end of a server's connections, within `seconds`.

    `is_forced` returns whether the operator wants the server to stop at once.
    """

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
        """Let the event loop accept connections until the kernel's queue is empty.

        If other processes accept from the same queue, it may never be empty, and need not be.
        """
        queues = select.poll()
        for listener in listeners:
            queues.register(listener, select.POLLIN)
        earliest_end = self._loop.time() + ACCEPT_SECONDS
        latest_end = min(self._loop.time() + QUEUE_SECONDS, self._until)
        while not self._is_forced() and self._loop.time() < latest_end:
            await asyncio.sleep(STEP_SECONDS)
            if self._loop.time() >= earliest_end and not queues.poll(0):
                return

    async def finish(self, *, spares_idle: bool) -> None:
        """Wait for the connections and their requests to end; cancel those that take too long."""
        while (any(True for _ in self._connections) or self._tasks) and not self._is_forced():
            now = self._loop.time()
            if now >= self._until:
                self._cancel()
                return
            if not spares_idle or now >= self._idle_until:
                for connection in list(self._connections):
                    connection.close_if_idle()
            await asyncio.sleep(STEP_SECONDS)

    def _cancel(self) -> None:
        tasks = list(self._tasks)
        if tasks:
            log.error("%s requests took longer than GRACEFUL_TIMEOUT and were aborted", len(tasks))
        for task in tasks:
            task.cancel()
