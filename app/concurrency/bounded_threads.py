"""A bounded thread pool for slow work, so that it never starves the event loop."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.concurrency.deadline import current_caller, seconds_left
from app.concurrency.freed_memory import return_freed_memory
from app.concurrency.places import Places
from app.concurrency.threads import start_threads
from app.errors import CallerGoneError, OverloadedError

Result = TypeVar("Result")

NICENESS = 5


SECONDS_FOR_THE_DATABASE = 1.0
"""Part of a request's time that is reserved for the steps after the work."""
IDLE_SECONDS = 3.0
"""Seconds without work after which the threads return freed memory to the system."""
BARRIER_SECONDS = 0.2


class BoundedThreads:
    """Thread pool that runs `threads` functions at once and queues at most `queue` more.

    Beyond that it raises `OverloadedError`. Queued work starts in the order of arrival, as long as
    its request has time left.
    """

    def __init__(self, *, threads: int, queue: int) -> None:
        self._executor = ThreadPoolExecutor(
            threads, thread_name_prefix="slow-work", initializer=_step_back
        )
        self._threads = threads
        self._running = Places(threads)
        self._places = self._free_places = threads + queue
        self._idle_since = 0.0
        self._idle_timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Start every thread; raise `StartupError` if the system refuses one."""
        await start_threads(self._executor, count=self._threads)

    async def run(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Run `work` in a thread and return its result.

        If the caller is cancelled, the work runs to its end. Raise `OverloadedError`, or
        `CallerGoneError` if the caller disconnected before the work began.
        """
        if self._free_places <= 0:
            raise OverloadedError
        self._free_places -= 1
        try:
            await self._begin()
        except BaseException:
            self._free_place()
            raise
        try:
            future = asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)
        except BaseException:
            self._give_back()
            raise
        future.add_done_callback(self._leave)
        return await asyncio.shield(future)

    async def _begin(self) -> None:
        caller = current_caller()
        if caller is None:
            await self._running.enter(is_first=False)
            return
        try:
            async with asyncio.timeout(seconds_left(otherwise=0) - SECONDS_FOR_THE_DATABASE):
                await self._running.enter(is_first=False)
        except TimeoutError:
            raise OverloadedError from None
        if caller[1].is_closed:
            self._running.leave()
            raise CallerGoneError

    def close(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _leave(self, future: "asyncio.Future[Result]") -> None:
        self._give_back()
        if not future.cancelled():
            future.exception()  # avoids a warning if the caller is gone

    def _give_back(self) -> None:
        self._running.leave()
        self._free_place()

    def _free_place(self) -> None:
        self._free_places += 1
        if self._free_places == self._places:
            self._idle_since = asyncio.get_running_loop().time()
            if self._idle_timer is None:
                self._return_memory_after(IDLE_SECONDS)

    def _return_memory_after(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._idle_timer = loop.call_later(seconds, self._return_memory_if_idle)

    def _return_memory_if_idle(self) -> None:
        self._idle_timer = None
        if self._free_places < self._places:
            return  # another timer is set when the work ends
        idle_for = asyncio.get_running_loop().time() - self._idle_since
        if idle_for < IDLE_SECONDS:
            self._return_memory_after(IDLE_SECONDS - idle_for)
            return
        barrier = threading.Barrier(self._threads)  # so that each thread runs it once
        for _ in range(self._threads):
            self._executor.submit(_return_memory, barrier)


class SignatureThreads(BoundedThreads):
    """Threads that sign with RSA: not those of passwords, so that a flood of these delays no
    token."""


def _return_memory(barrier: threading.Barrier) -> None:
    with contextlib.suppress(threading.BrokenBarrierError):
        barrier.wait(BARRIER_SECONDS)
    return_freed_memory()


def _step_back() -> None:
    """Let the event loop go first if both need a core (on Linux, niceness is per thread)."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
