"""Polling for conditions, and time-outs that follow the machine."""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable

from tests.support.machine import scaled, scaled_now

LIMIT = 60  # seconds; only reached by failing tests


@contextlib.asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Raise `TimeoutError` if the block takes longer than an idle machine would need.

    At the end of the time the speed is measured again, so that a machine that became busy in the
    middle gets the time it needs.
    """
    async with asyncio.timeout(None) as limit:
        watching = asyncio.create_task(_end(limit, seconds))
        try:
            yield
        finally:
            watching.cancel()


async def _end(limit: asyncio.Timeout, seconds: float) -> None:
    """Let a time-out expire after `seconds` of an idle machine."""
    loop = asyncio.get_running_loop()
    started_at, left = loop.time(), scaled(seconds)
    while left > 0:
        await asyncio.sleep(left)
        left = started_at + scaled_now(seconds) - loop.time()
    limit.reschedule(loop.time())


async def eventually(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Return as soon as the condition holds; raises `TimeoutError` if it never does."""
    async with within(LIMIT):
        while True:
            result = condition()
            if await result if inspect.isawaitable(result) else result:
                return
            await asyncio.sleep(0.005)


async def can_connect(port: int) -> bool:
    """Return whether a process on this machine listens on a port."""
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False
