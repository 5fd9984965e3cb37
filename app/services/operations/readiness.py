"""Readiness of this process, checked with the database at most once a second."""

import asyncio

from app.clock import Clock
from app.observability.logging import logger
from app.repositories.operations.readiness import ReadinessRepository

log = logger(__name__)

REMEMBERED_SECONDS = 1.0


class Readiness:
    """Readiness check. Callers within a second share one result; each change is one log line."""

    def __init__(
        self, readiness_repository: ReadinessRepository, clock: Clock, *, timeout: float
    ) -> None:
        self._readiness_repository = readiness_repository
        self._clock = clock
        self._timeout = timeout
        self._problem: str | None = None
        self._checked_at: float | None = None
        self._check: asyncio.Task[None] | None = None

    async def is_ready(self) -> bool:
        if self._check is None and not self._is_fresh():
            self._check = asyncio.create_task(self._ask())
            self._check.add_done_callback(self._forget)
        if self._check is not None:
            await asyncio.shield(self._check)
        return self._problem is None

    def _is_fresh(self) -> bool:
        if self._checked_at is None:
            return False
        return asyncio.get_running_loop().time() - self._checked_at < REMEMBERED_SECONDS

    def _forget(self, _: "asyncio.Task[None]") -> None:
        self._check = None

    async def _ask(self) -> None:
        self._checked_at = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._timeout):
                problem = await self._readiness_repository.problem(now=self._clock.now())
        except TimeoutError:
            problem = f"the database did not respond within {self._timeout:g} seconds"
        if problem is not None and problem != self._problem:
            log.warning("not ready: %s", problem)
        elif problem is None and self._problem is not None:
            log.warning("ready again")
        self._problem = problem
