"""Web origins that may call us from a browser: those of redirect URIs, cached for a minute."""

from datetime import datetime, timedelta

from cachetools import FIFOCache

from app.clock import Clock
from app.concurrency.single_flight import SingleFlight
from app.repositories.clients.client_origins import ClientOriginRepository
from app.security.origins import loopback_origin_of

CACHED_FOR = timedelta(minutes=1)
CACHE_SIZE = 1000
MAXIMUM_LENGTH = 255


class ClientOrigins:
    def __init__(self, client_origin_repository: ClientOriginRepository, clock: Clock) -> None:
        self._client_origin_repository = client_origin_repository
        self._clock = clock
        self._known: FIFOCache[str, datetime] = FIFOCache(CACHE_SIZE)
        self._look_again = SingleFlight(self._look, is_outbound=False)

    async def is_known(self, origin: str) -> bool:
        """Return whether an origin is that of a client's redirect URI.

        Only known origins are cached, so that a newly registered client can call at once.
        """
        if not _may_be_stored(origin):
            return False
        now = self._clock.now()
        since = self._known.get(origin)
        if since is None:  # a read in progress may precede its registration
            return await self._look(origin)
        return abs(now - since) < CACHED_FOR or await self._look_again(origin)

    async def _look(self, origin: str) -> bool:
        now = self._clock.now()
        if not await self._client_origin_repository.is_known(
            origin, loopback_origin_of(origin) or origin
        ):
            return False
        self._known[origin] = now
        return True


def _may_be_stored(origin: str) -> bool:
    is_plain = len(origin) <= MAXIMUM_LENGTH and origin.isascii() and origin.isprintable()
    return is_plain and origin.startswith(("http://", "https://"))
