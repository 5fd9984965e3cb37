"""Waiting for what no event tells of."""

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable

from tests.support.machine import scaled

LIMIT = 60  # seconds; only a test that fails gets there


async def eventually(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Returns as soon as the condition holds; raises `TimeoutError` where it never does."""
    async with asyncio.timeout(scaled(LIMIT)):
        while True:
            found = condition()
            if await found if inspect.isawaitable(found) else found:
                return
            await asyncio.sleep(0.005)


async def can_connect(port: int) -> bool:
    """Whether somebody on this machine listens on a port."""
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False
