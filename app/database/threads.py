"""Threads that are started before the server serves, so that none has to be started later.

Where the system gives no more threads, one that is started when first needed would fail the
requests that wait for it, again and again.
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from app.errors import NO_THREAD, StartupError, is_exhaustion


async def start_threads(executor: ThreadPoolExecutor | None, *, count: int) -> None:
    """Start `count` threads of a pool now; None is that of the event loop.

    Raises `StartupError` where the system refuses one.
    """
    all_started = threading.Event()
    loop = asyncio.get_running_loop()
    try:  # each holds its thread, so that the next one needs another
        waiting = [loop.run_in_executor(executor, all_started.wait) for _ in range(count)]
    except RuntimeError as error:
        if not is_exhaustion(error):
            raise
        raise StartupError(NO_THREAD) from None
    finally:
        all_started.set()
    await asyncio.gather(*waiting)
