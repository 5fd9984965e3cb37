"""Delete expired rows in bounded batches, one worker at a time, without a cron job."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from app.clock import Clock
from app.concurrency.background_loop import BackgroundLoop
from app.errors import DatabaseUnavailableError
from app.observability.logging import logger
from app.repositories.oauth.ended_tokens import EndedTokenRepository
from app.repositories.operations.housekeeping import Deletion, HousekeepingRepository
from app.repositories.operations.leases import LeaseRepository
from app.security.tokens import new_identifier
from app.services.operations.batch_sizes import BatchSize, pause_after

log = logger(__name__)

LEASE = "housekeeping"
RETAINED_AFTER_EXPIRY = timedelta(minutes=5)
LEASE_INTERVALS = 3
SHORTEST_LEASE = 60.0
STOP_SECONDS = 1.0
"""How long shutdown waits to release the lease."""


class Housekeeping(BackgroundLoop):
    """Periodic deletion of expired rows, which runs beside the server.

    `interval` is in seconds; `others` are deletions with rules of their own. A run rotates old
    signing keys first. Then it deletes one batch from each table, and repeats this for tables with
    more rows, so that a large table does not delay the others. A run that has not finished after
    one interval ends, and the next one begins at once.
    """

    def __init__(
        self,
        *,
        housekeeping_repository: HousekeepingRepository,
        lease_repository: LeaseRepository,
        clock: Clock,
        ended_token_repository: EndedTokenRepository,
        interval: float,
        rotate_keys: Callable[[], Awaitable[None]],
        others: Sequence[Deletion] = (),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(
            log,
            unavailable="housekeeping is waiting: the database is not available",
            failed="housekeeping failed and will be retried",
        )
        self._housekeeping_repository = housekeeping_repository
        self._ended_token_repository = ended_token_repository
        self._lease_repository = lease_repository
        self._clock = clock
        self._interval = interval
        self._rotate_keys = rotate_keys
        self._others = others
        self._sleep = sleep
        self._timer = timer
        self._holder = new_identifier()
        self._lease_seconds = max(interval * LEASE_INTERVALS, SHORTEST_LEASE)
        self._renews_at: float | None = None
        self._has_more = False

    async def run_forever(self) -> None:
        """Repeat until cancelled, then release the lease."""
        try:
            await super().run_forever()
        finally:
            await self._give_lease_back()

    async def run_once(self) -> int:
        """Delete all expired rows and return how many there were.

        Return zero while another worker does it.
        """
        if not await self._has_lease():
            return 0
        await self._rotate()
        deletions = self._deletions()
        sizes = {
            deletion: BatchSize(self._housekeeping_repository.batch_seconds)
            for deletion in deletions
        }
        ends_at = self._timer() + self._interval
        total, queue, was_full = 0, deque(deletions), False
        while queue and await self._has_lease():
            if self._timer() > ends_at:
                self._has_more = True
                break
            deletion = queue.popleft()
            deleted, is_full = await self._turn(deletion, sizes[deletion])
            total += deleted
            if is_full:
                queue.append(deletion)
                was_full = True
            if not queue and was_full:  # the deleted rows may have protected others
                queue, was_full = deque(deletions), False
        if total:
            log.info("housekeeping removed or indexed %d rows", total)
        return total

    async def _wait(self) -> None:
        if not self._has_more:
            await self._sleep(self._interval)
        self._has_more = False

    async def _pass(self) -> None:
        await self.run_once()

    def _on_stop(self, current_pass: asyncio.Task[None]) -> None:
        current_pass.cancel()

    def _deletions(self) -> Sequence[Deletion]:
        return (
            self._housekeeping_repository.delete_expired_access_tokens,
            *self._ended_token_repository.deletions(),
            *self._housekeeping_repository.deletions_by_expiry(),
            self._housekeeping_repository.delete_unused_clients,
            self._housekeeping_repository.delete_old_mails,
            *self._others,
        )

    async def _turn(self, deletion: Deletion, size: BatchSize) -> tuple[int, bool]:
        """Delete one batch and pause; return how many rows, and whether there may be more.

        A table that is locked, or whose deletion has a bug, must not hold up the others.
        """
        limit, started_at = size.rows, self._timer()
        before = self._clock.now() - RETAINED_AFTER_EXPIRY
        try:
            deleted = await deletion(before=before, limit=limit)
        except DatabaseUnavailableError:
            log.warning("housekeeping skipped a table that is not available")
            self._renews_at = None  # ends the run if the whole database is unavailable
            return 0, False
        except Exception:
            log.exception("housekeeping skipped a table")
            return 0, False
        seconds = self._timer() - started_at
        is_full = deleted >= limit
        if is_full:
            size.learn(seconds)
        if deleted:
            await self._sleep(pause_after(seconds))
        return deleted, is_full

    async def _rotate(self) -> None:
        try:
            await self._rotate_keys()
        except DatabaseUnavailableError:
            raise
        except Exception:
            log.exception("rotating old signing keys failed and will be retried")

    async def _has_lease(self) -> bool:
        """Return whether this worker holds the lease, taking it if it is free.

        It is renewed once a third of its time has passed.
        """
        now = self._timer()
        if self._renews_at is not None and now < self._renews_at:
            return True
        self._renews_at = None
        lasts = timedelta(seconds=self._lease_seconds)
        if not await self._lease_repository.take(LEASE, self._holder, lasts=lasts):
            return False
        self._renews_at = now + self._lease_seconds / 3
        return True

    async def _give_lease_back(self) -> None:
        if self._renews_at is None:
            return
        self._renews_at = None
        with suppress(DatabaseUnavailableError, TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._lease_repository.give_back(LEASE, self._holder)
