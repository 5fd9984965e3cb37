"""Removes what nobody can use any more: in bounded batches, one worker at a time, no cron job."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from app.clock import Clock
from app.errors import DatabaseUnavailableError
from app.observability.logging import logger
from app.repositories.housekeeping import Deletion, HousekeepingRepository
from app.security.tokens import new_identifier

log = logger(__name__)

LEASE = "housekeeping"
BATCH_ROWS = 500
PAUSE_SECONDS = 0.05
KEPT_AFTER_EXPIRY = timedelta(minutes=5)
LEASE_INTERVALS = 3


class Housekeeping:
    """Runs beside the server; `interval` is in seconds."""

    def __init__(
        self,
        repository: HousekeepingRepository,
        clock: Clock,
        *,
        interval: float,
        rotate_keys: Callable[[], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._repository = repository
        self._clock = clock
        self._interval = interval
        self._rotate_keys = rotate_keys
        self._sleep = sleep
        self._holder = new_identifier()

    async def run_forever(self) -> None:
        while True:
            await self._sleep(self._interval)
            try:
                await self.run_once()
            except DatabaseUnavailableError:
                log.warning("housekeeping waits: the database is not available")
            except Exception:
                log.exception("housekeeping failed and will try again")

    async def run_once(self) -> int:
        """Deletes all that is due; gives how many rows. Zero while another worker does it."""
        deletions: tuple[Deletion, ...] = (
            self._repository.delete_expired_access_tokens,
            self._repository.delete_refresh_tokens_of_expired_families,
            self._repository.delete_expired_families,
            *self._repository.deletions_by_expiry(),
            self._repository.delete_unused_clients,
            self._repository.delete_old_mails,
        )
        total = 0
        for delete in deletions:
            deleted = BATCH_ROWS
            while deleted == BATCH_ROWS:
                if not await self._has_lease():
                    return total
                before = self._clock.now() - KEPT_AFTER_EXPIRY
                deleted = await delete(before=before, limit=BATCH_ROWS)
                total += deleted
                await self._sleep(PAUSE_SECONDS)
        if await self._has_lease():
            await self._rotate_keys()
        if total:
            log.info("housekeeping removed %d rows", total)
        return total

    async def _has_lease(self) -> bool:
        now = self._clock.now()
        lasts = timedelta(seconds=max(self._interval * LEASE_INTERVALS, 60))
        return await self._repository.take_lease(
            LEASE, self._holder, now=now, expires_at=now + lasts
        )
