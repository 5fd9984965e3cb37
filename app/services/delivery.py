"""Brings rows that wait in the database to where they have to go, until the server stops."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from app.clock import Clock
from app.errors import DatabaseUnavailableError
from app.observability.logging import logger

log = logger(__name__)

POLL_SECONDS = 10.0
BATCH = 20

Row = TypeVar("Row")
Result = TypeVar("Result")


class Delivery(ABC, Generic[Row]):
    """Looks when `due` is set, and now and then. `what` is the word for it in the log."""

    def __init__(self, clock: Clock, due: asyncio.Event, *, what: str) -> None:
        self._clock = clock
        self._due = due
        self._what = what
        self._sending: set[asyncio.Task[Any]] = set()
        self._is_stopping = False

    async def run_forever(self) -> None:
        """Until it is cancelled: what it sends then is left to a later attempt."""
        while True:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._due.wait()
            except TimeoutError:
                pass
            self._due.clear()
            look = asyncio.create_task(self._look())
            try:
                await asyncio.shield(look)
            except asyncio.CancelledError:
                self._is_stopping = True
                for each in self._sending:
                    each.cancel()
                await look  # no connection to the database is left in the middle of a statement
                raise

    async def run_once(self) -> int:
        """Tries all that is due; gives how many arrived."""
        delivered, now = 0, self._clock.now()
        while not self._is_stopping:
            due = await self._list_due(now=now, limit=BATCH)
            if not due:
                break
            delivered += sum(await asyncio.gather(*(self._try(each) for each in due)))
        return delivered

    @abstractmethod
    async def _list_due(self, *, now: datetime, limit: int) -> Sequence[Row]: ...

    @abstractmethod
    async def _try(self, row: Row) -> bool:
        """One attempt; whether it arrived."""

    async def _unless_stopping(
        self, send: Callable[[], Coroutine[Any, Any, Result]], stopped: Exception
    ) -> Result:
        """What sending gives; raises `stopped` where the server stops before or meanwhile."""
        if self._is_stopping:
            raise stopped
        sending = asyncio.create_task(send())
        self._sending.add(sending)
        try:
            return await sending
        except asyncio.CancelledError:
            if not self._is_stopping:
                raise
            raise stopped from None
        finally:
            self._sending.discard(sending)

    async def _look(self) -> None:
        try:
            await self.run_once()
        except DatabaseUnavailableError:
            log.warning("%s wait: the database is not available", self._what)
        except Exception:
            log.exception("the delivery of %s failed and will try again", self._what)
