"""Cache of the catalogue of scopes in this process; all callers share one read at a time."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from app.clock import Clock
from app.concurrency.single_flight import SingleFlight
from app.errors import DatabaseUnavailableError
from app.models.oauth.scopes import Scope
from app.observability.logging import logger
from app.repositories.oauth.scopes import ScopeRepository

log = logger(__name__)

CACHED_FOR = timedelta(seconds=10)
READ_AGAIN_AFTER = timedelta(seconds=1)
"""Time until the next read after one that failed or took longer than `PATIENCE`."""
PATIENCE = 1.0
"""Seconds to wait for a read."""
CATALOGUE = "catalogue"
NOTHING: Mapping[str, Scope] = {}


class ScopeCatalogue:
    """The scopes of the catalogue, at most `CACHED_FOR` old.

    While they cannot be read, the last ones that were read are used: texts and discovery must not
    depend on the database.
    """

    def __init__(self, scope_repository: ScopeRepository, clock: Clock) -> None:
        self._scope_repository = scope_repository
        self._clock = clock
        self._cached = NOTHING
        self._read_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._read_once = SingleFlight(self._read, is_outbound=False)

    async def scopes(self) -> Mapping[str, Scope]:
        """Return the scopes by name, in the order of their names."""
        if self._is_recent(self._read_at, CACHED_FOR) or self._is_recent(
            self._failed_at, READ_AGAIN_AFTER
        ):
            return self._cached
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._read_once(CATALOGUE)
        except (TimeoutError, DatabaseUnavailableError):
            if self._failed_at is None:
                log.warning("the catalogue of scopes cannot be read: using the last one")
            self._failed_at = self._clock.now()
            return self._cached

    def _is_recent(self, at: datetime | None, lasts: timedelta) -> bool:
        return at is not None and abs(self._clock.now() - at) <= lasts

    async def _read(self, _: str) -> Mapping[str, Scope]:
        now = self._clock.now()
        scopes = {scope.name: scope for scope in await self._scope_repository.list_all()}
        self._cached, self._read_at, self._failed_at = scopes, now, None
        return scopes
