"""Cache of the signing keys in this process; all callers share one read at a time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import Clock
from app.concurrency.single_flight import SingleFlight
from app.errors import DatabaseUnavailableError
from app.models.oauth.signing_keys import SigningKey
from app.observability.logging import logger
from app.repositories.oauth.signing_keys import SigningKeyRepository

log = logger(__name__)

CACHED_FOR = timedelta(seconds=10)
STALE_FOR_AT_LEAST = timedelta(hours=1)
"""Minimum time to use keys that cannot be read again; longer if tokens are valid longer."""
READ_AGAIN_AFTER = timedelta(seconds=1)
"""Time until the next read after one that failed or took longer than `PATIENCE`."""
PATIENCE = 1.0
"""Seconds to wait for newer keys if there are stale ones."""
KEYS = "signing keys"


@dataclass(frozen=True, slots=True)
class CachedKeys:
    """Keys, the newest of each algorithm first, and when their read began."""

    keys: Sequence[SigningKey]
    read_at: datetime
    number: int


class SigningKeyCache:
    """Cache of the signing keys. `token_ttl` is how long a signed token is valid.

    While the database is unavailable, nothing new is signed. Cached keys are therefore used as long
    as the last token that they verify is valid, and for at least an hour; after that, the cache is
    as unavailable as the database.
    """

    def __init__(
        self, signing_key_repository: SigningKeyRepository, clock: Clock, *, token_ttl: timedelta
    ) -> None:
        self._signing_key_repository = signing_key_repository
        self._clock = clock
        self._stale_for = max(token_ttl, STALE_FOR_AT_LEAST)
        self._cached: CachedKeys | None = None
        self._failed_at: datetime | None = None
        self._reads = 0
        self._read_once = SingleFlight(self._read, is_outbound=False)

    async def keys(self) -> Sequence[SigningKey]:
        """Return keys read within the last seconds, or stale ones if the database is
        unavailable."""
        now, cached = self._clock.now(), self._cached
        if cached is not None:
            age = abs(now - cached.read_at)
            if age <= CACHED_FOR:
                return cached.keys
            if age <= self._stale_for:
                return await self._newer_than(cached, now)
        return (await self._read_once(KEYS)).keys

    async def newest(self) -> Sequence[SigningKey]:
        """Return keys whose read began after this call."""
        before = self._reads
        while True:
            cached = await self._read_once(KEYS)
            if cached.number > before:
                return cached.keys

    @property
    def is_stale(self) -> bool:
        """Whether the cached keys are older than `CACHED_FOR`."""
        cached = self._cached
        return cached is not None and abs(self._clock.now() - cached.read_at) > CACHED_FOR

    async def _newer_than(self, cached: CachedKeys, now: datetime) -> Sequence[SigningKey]:
        if self._failed_at is not None and abs(now - self._failed_at) < READ_AGAIN_AFTER:
            return cached.keys
        try:
            async with asyncio.timeout(PATIENCE):
                return (await self._read_once(KEYS)).keys
        except (TimeoutError, DatabaseUnavailableError):
            if self._failed_at is None:
                log.warning("the signing keys cannot be read: using the cached ones")
            self._failed_at = self._clock.now()
            return cached.keys

    async def _read(self, _: str) -> CachedKeys:
        self._reads += 1
        number, now = self._reads, self._clock.now()
        cached = CachedKeys(await self._signing_key_repository.list_all(), now, number)
        if self._failed_at is not None:
            log.info("the signing keys can be read again")
        self._cached, self._failed_at = cached, None
        return cached
