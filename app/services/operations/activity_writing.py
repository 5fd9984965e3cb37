"""Write what a worker has collected about its requests, in one batch every few seconds."""

import asyncio

from app.clock import Clock
from app.concurrency.background_loop import BackgroundLoop
from app.observability.logging import logger
from app.repositories.operations.activity import ActivityRepository
from app.services.operations.activity import ActivityCollector

log = logger(__name__)

PAUSE_SECONDS = 5.0


class ActivityWriter(BackgroundLoop):
    """Writes batches until the server stops, and the last one then.

    A batch that cannot be written is part of the next one.
    """

    def __init__(
        self,
        *,
        activity_repository: ActivityRepository,
        collector: ActivityCollector,
        clock: Clock,
    ) -> None:
        super().__init__(
            log,
            unavailable="refusals and counts are waiting: the database is not available",
            failed="writing refusals and counts failed and will be retried",
        )
        self._activity_repository = activity_repository
        self._collector = collector
        self._clock = clock

    async def run_forever(self) -> None:
        """Repeat until cancelled, then write the last batch."""
        try:
            await super().run_forever()
        finally:
            await self._try_pass()

    async def run_once(self) -> None:
        """Write what was collected."""
        batch = self._collector.take()
        if batch.is_empty:
            return
        hour = self._clock.now().replace(minute=0, second=0, microsecond=0)
        try:
            await self._activity_repository.add(batch.refusals, batch.counts, hour=hour)
        except BaseException:
            self._collector.put_back(batch)
            raise

    async def _wait(self) -> None:
        await asyncio.sleep(PAUSE_SECONDS)

    async def _pass(self) -> None:
        await self.run_once()
