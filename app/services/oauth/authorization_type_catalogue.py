"""Cache of the types of authorization details in this process; all callers share one read."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from app.clock import Clock
from app.concurrency.single_flight import SingleFlight
from app.errors import DatabaseUnavailableError
from app.models.oauth.authorization_types import AuthorizationType
from app.repositories.oauth.authorization_types import AuthorizationTypeRepository

CACHED_FOR = timedelta(seconds=10)
READ_AGAIN_AFTER = timedelta(seconds=1)
PATIENCE = 1.0
"""Seconds for which the metadata document waits for a read, and not again until it can be tried."""
ALL = "all"


class AuthorizationTypeCatalogue:
    """The types, at most `CACHED_FOR` old.

    If they cannot be read, the caller gets the error of the database: what a client may request
    must not be answered from memory for longer. Only the metadata document does that.
    """

    def __init__(
        self, authorization_type_repository: AuthorizationTypeRepository, clock: Clock
    ) -> None:
        self._authorization_type_repository = authorization_type_repository
        self._clock = clock
        self._cached: Mapping[str, AuthorizationType] | None = None
        self._read_at: datetime | None = None
        self._generation = 0
        self._names: Sequence[str] = ()
        self._failed_at: datetime | None = None
        self._read_once = SingleFlight(self._read, is_outbound=False)

    async def types(self) -> Mapping[str, AuthorizationType]:
        """Return the types by name, in the order of their names."""
        if self._cached is not None and self._is_recent(self._read_at, CACHED_FOR):
            return self._cached
        return await self._read_once(f"{ALL} {self._generation}")

    async def published(self) -> Sequence[str]:
        """Return the names of the types, or the last ones that were read while they cannot be."""
        if self._is_recent(self._failed_at, READ_AGAIN_AFTER):
            return self._names
        try:
            async with asyncio.timeout(PATIENCE):
                self._names = tuple(await self.types())
        except (TimeoutError, DatabaseUnavailableError):
            self._failed_at = self._clock.now()
            return self._names
        self._failed_at = None
        return self._names

    def forget(self) -> None:
        """Read again at the next request: this process changed a type."""
        self._generation += 1
        self._cached = None

    def _is_recent(self, at: datetime | None, lasts: timedelta) -> bool:
        return at is not None and abs(self._clock.now() - at) <= lasts

    async def _read(self, _: str) -> Mapping[str, AuthorizationType]:
        now, generation = self._clock.now(), self._generation
        types = {each.name: each for each in await self._authorization_type_repository.list_all()}
        if generation == self._generation:
            self._cached, self._read_at = types, now
        return types
