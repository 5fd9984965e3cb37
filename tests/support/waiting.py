"""Polling for conditions."""

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable

from tests.support.machine import scaled

LIMIT = 60  # seconds; only reached by failing tests


async def eventually(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Return as soon as the condition holds; raises `TimeoutError` if it never does."""
    async with asyncio.timeout(scaled(LIMIT)):
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
