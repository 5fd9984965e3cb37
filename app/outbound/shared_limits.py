"""Rate limits shared by all servers through Redis or Valkey.

While Redis is unavailable or too slow, each process counts for itself, so limits always apply.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

from app.extras import require_extra
from app.observability.logging import logger
from app.outbound.limit_script import (
    SCRIPT,
    SCRIPT_DIGEST,
    keys_for,
    request_to_count,
    request_to_wait,
)
from app.outbound.local_limits import LocalLimits
from app.outbound.names import HostNames
from app.security.limit_rules import Attempt, AttemptOutcome, LimitStore

log = logger(__name__)

CONNECTIONS = 8
ASKED_AGAIN_AFTER = 1.0
"""Seconds between attempts to reach a Redis that did not respond; callers do not wait for it."""


class SharedLimits(LimitStore):
    """Counts in Redis. `fallbacks` is the number of attempts that this process counted by itself.

    The time is Redis's; `now` is the time for this process.
    """

    def __init__(self, url: str, host_names: HostNames | None = None) -> None:
        require_extra("redis", module="redis", needed_by="REDIS_URL")
        # imported late: only servers with shared limits need the library
        from app.outbound.redis_scripts import ERRORS, RedisScript

        self._script = RedisScript(
            url, host_names or HostNames(), script=SCRIPT, digest=SCRIPT_DIGEST
        )
        self._errors = ERRORS
        self._local = LocalLimits()
        self._connection_slots = asyncio.Semaphore(CONNECTIONS)
        self._is_away = False
        self._changes = 0
        self._asked_again_at = 0.0
        self.fallbacks = 0

    async def wait(self, attempts: Sequence[Attempt], *, now: datetime) -> float:
        wait = await self._seconds(keys_for(attempts), request_to_wait(attempts))
        return await self._local.wait(attempts, now=now) if wait is None else wait

    async def take(self, outcome: AttemptOutcome) -> float:
        request = request_to_count(
            outcome.attempts, is_right=outcome.is_right, clears=outcome.clears
        )
        wait = await self._seconds(keys_for([*outcome.attempts, *outcome.forgets]), request)
        if wait is None:
            self.fallbacks += 1
            return await self._local.take(outcome)
        if outcome.is_right and outcome.clears and wait == 0:
            await self._local.forget(outcome.forgets, now=outcome.now)
        return wait

    async def forget(self, attempts: Sequence[Attempt], *, now: datetime) -> None:
        await self._local.forget(attempts, now=now)
        request = request_to_count((), is_right=True, clears=True)
        if await self._seconds(keys_for(attempts), request) is None:
            self.fallbacks += 1

    async def check(self) -> None:
        """Query Redis at startup, so that the log reports a failure before the first attempt."""
        await self._seconds([], request_to_wait(()))

    async def close(self) -> None:
        await self._script.close()

    async def _seconds(self, keys: Sequence[str], request: str) -> float | None:
        """Return the seconds that Redis tells an attempt to wait; None if Redis does not respond.

        While it is unavailable, one caller at a time queries it, once a second.
        """
        async with self._connection_slots:
            if self._is_away and time.monotonic() < self._asked_again_at:
                return None
            self._asked_again_at = time.monotonic() + ASKED_AGAIN_AFTER
            changes = self._changes
            try:
                seconds = await self._script.run(keys, request)
            except self._errors as error:
                self._set_away(error, changes)
                return None
        self._set_back(changes)
        return float(seconds)

    def _set_away(self, error: Exception, changes: int) -> None:
        """Log only the kind of error: its text may contain Redis user names.

        Results of commands sent before the last change of state are ignored.
        """
        if changes != self._changes:
            return
        self._asked_again_at = time.monotonic() + ASKED_AGAIN_AFTER
        if not self._is_away:
            self._is_away = True
            self._changes += 1
            log.warning(
                "the shared rate limits are not available (%s): each process counts separately",
                type(error).__name__,
            )

    def _set_back(self, changes: int) -> None:
        if self._is_away and changes == self._changes:
            self._is_away = False
            self._changes += 1
            log.info("the shared rate limits are available again")
