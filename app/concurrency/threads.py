"""Start all threads before the server accepts requests.

If the system allows no more threads, a thread that is started when it is first needed would fail
every request that waits for it.
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from app.startup_errors import NO_THREAD, StartupError, is_exhaustion


async def start_threads(executor: ThreadPoolExecutor | None, *, count: int) -> None:
    """Start `count` threads of a pool now; None means the default pool of the event loop.

    Raises `StartupError` if the system refuses one.
    """
    all_started = threading.Event()
    loop = asyncio.get_running_loop()
    try:  # each call blocks its thread, so the next one starts another
        futures = [loop.run_in_executor(executor, all_started.wait) for _ in range(count)]
    except RuntimeError as error:
        if not is_exhaustion(error):
            raise
        raise StartupError(NO_THREAD) from None
    finally:
        all_started.set()
    await asyncio.gather(*futures)
