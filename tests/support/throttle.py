"""A share of a CPU core for a server and its workers, by stopping them most of the time."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator

import psutil

from tests.support.server import Server

PERIOD_SECONDS = 0.1


@contextlib.asynccontextmanager
async def throttled(server: Server, *, cores: float) -> AsyncIterator[None]:
    """Let a server's processes run for only a share of each tenth of a second."""
    task = asyncio.create_task(_throttle(server, cores))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _throttle(server: Server, cores: float) -> None:
    while True:
        family = server.family()
        _send(family, signal.SIGSTOP)
        try:
            await asyncio.sleep(PERIOD_SECONDS * (1 - cores))
        finally:
            _send(family, signal.SIGCONT)
        await asyncio.sleep(PERIOD_SECONDS * cores)


def _send(family: list[psutil.Process], number: signal.Signals) -> None:
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
