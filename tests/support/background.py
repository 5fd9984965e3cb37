"""Passes of background loops: a pass that a test runs never overlaps with one of the server's.

A pass claims a row, works and stores the result. A second pass skips the claimed row, so a test
that looks right after its own pass would look while the row of the server's pass is in progress.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from app.concurrency.background_loop import BackgroundLoop
from app.lifecycle.lifespan import background_loops
from app.wiring import Services

METHODS = ("run_once", "store")
"""The names under which loops offer a pass; the sequencer of audit events has its own lock."""

LOOPS_METHOD = "_pass"
"""The name of the method that a loop itself calls."""

Pass = Callable[[], Awaitable[Any]]


def run_one_pass_at_a_time(services: Services) -> None:
    """Let each pass of a loop, of the server's or of a test's, wait for the one before."""
    for loop in background_loops(services).values():
        lock = asyncio.Lock()
        for method in METHODS:
            if hasattr(loop, method):
                setattr(loop, method, ExclusivePass(getattr(loop, method), lock))


def suspend_loops(services: Services) -> None:
    """Let the loops do nothing: a test counts or cuts what its own requests send.

    A pass that the test runs (`run_once`) works as before.
    """
    for loop in background_loops(services).values():
        setattr(loop, LOOPS_METHOD, _do_nothing)


async def _do_nothing() -> None:
    """In the place of a loop's pass."""


class ExclusivePass:
    """A pass that begins when no other pass with the same lock is in progress."""

    def __init__(self, run: Pass, lock: asyncio.Lock) -> None:
        self._run = run
        self._lock = lock

    async def __call__(self) -> Any:
        async with self._lock:
            return await self._run()

    async def wait(self) -> None:
        """Return when no pass is in progress."""
        async with self._lock:
            pass


async def pass_ended(loop: BackgroundLoop) -> None:
    """Wait for a pass in progress, whose rows are stored then.

    Do this before advancing the clock if a pass may be in progress: a failed attempt is followed by
    the next one some time after its end.
    """
    for method in METHODS:
        run = getattr(loop, method, None)
        if isinstance(run, ExclusivePass):
            await run.wait()
