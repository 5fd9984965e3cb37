"""Work that is repeated in the background until the server stops."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from logging import Logger

from app.errors import DatabaseUnavailableError


class BackgroundLoop(ABC):
    """A loop that waits and then works, again and again.

    A pass that fails is logged, and the next one tries again. `unavailable` and `failed` are the
    lines for `log`.
    """

    def __init__(self, log: Logger, *, unavailable: str, failed: str) -> None:
        self._log = log
        self._unavailable = unavailable
        self._failed = failed

    async def run_forever(self) -> None:
        """Repeat until cancelled.

        A pass in progress is completed, so that no database connection is left in the middle of a
        statement; `_on_stop` can shorten or cancel it.
        """
        while True:
            await self._wait()
            current_pass = asyncio.create_task(self._try_pass())
            try:
                await asyncio.shield(current_pass)
            except asyncio.CancelledError:
                self._on_stop(current_pass)
                await current_pass
                raise

    @abstractmethod
    async def _wait(self) -> None:
        """Wait for the time of the next pass."""

    @abstractmethod
    async def _pass(self) -> None:
        """Do what there is to do."""

    def _on_stop(self, current_pass: asyncio.Task[None]) -> None:  # noqa: B027 - optional
        """Shorten or cancel the pass in progress, because the server stops."""

    async def _try_pass(self) -> None:
        try:
            await self._pass()
        except DatabaseUnavailableError:
            self._log.warning("%s", self._unavailable)
        except Exception:  # noqa: BLE001 - it is logged with its traceback
            self._log.exception("%s", self._failed)


async def wait_for_event(event: asyncio.Event, *, at_most: float) -> None:
    """Return when the event is set, or after `at_most` seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(at_most):
            await event.wait()
