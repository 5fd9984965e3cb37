"""The jobs that run beside the requests, from the start of the server to its end."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from app.observability.logging import logger

log = logger(__name__)

RESTART_SECONDS = 5.0
"""Pause before a job that raised is restarted."""

Run = Callable[[], Coroutine[Any, Any, None]]


class BackgroundJobs:
    """Supervised tasks. A job that raises is logged with its `name`, and ends or is restarted."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, run: Run, *, name: str, restarts: bool) -> None:
        """Run a job until it returns or the server stops; `restarts` says what follows an error."""
        self._tasks.append(
            asyncio.create_task(_supervise(run, name=name, restarts=restarts), name=name)
        )

    async def stop(self) -> None:
        """Cancel every job, and return once all have ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _supervise(run: Run, *, name: str, restarts: bool) -> None:
    while True:
        try:
            return await run()
        except Exception:
            then = f"restarting it in {RESTART_SECONDS:g} s" if restarts else "it is not restarted"
            log.exception("the background job %r failed: %s", name, then)
        if not restarts:
            return None
        await asyncio.sleep(RESTART_SECONDS)
