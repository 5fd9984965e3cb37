"""Logos of clients, fetched and served by us so that no page loads them from another site."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cachetools import FIFOCache

from app.clock import Clock
from app.concurrency.single_flight import SingleFlight
from app.models.clients.clients import Client
from app.observability.logging import logger
from app.outbound.http import FetchError, OutboundHttp
from app.security.images import image_type

log = logger(__name__)

LIMIT = 200_000
CACHED_FOR = timedelta(hours=1)
FAILURE_CACHED_FOR = timedelta(minutes=5)
CACHE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Logo:
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Fetched:
    logo: Logo | None
    until: datetime


class ClientLogos:
    """Logos of clients, of which at most `CACHE_SIZE` of `LIMIT` bytes each are cached."""

    def __init__(self, outbound: OutboundHttp, clock: Clock) -> None:
        self._outbound = outbound
        self._clock = clock
        self._ask = SingleFlight(self._fetch, is_outbound=True)
        self._cache: FIFOCache[str, _Fetched] = FIFOCache(CACHE_SIZE)

    async def find(self, client: Client) -> Logo | None:
        """Return the image at `logo_uri`; None if there is none, or none that may be shown."""
        uri = client.registered_metadata.logo_uri
        if uri is None:
            return None
        cached, now = self._cache.get(uri), self._clock.now()
        if cached is None or cached.until <= now:
            logo = await self._ask(uri)
            cached = _Fetched(logo, now + (CACHED_FOR if logo is not None else FAILURE_CACHED_FOR))
            self._cache[uri] = cached
        return cached.logo

    async def _fetch(self, uri: str) -> Logo | None:
        """Fetch an image; its type is detected from its bytes, whatever the sender declares.

        A vector image (SVG) is refused, since it may contain script.
        """
        try:
            response = await self._outbound.get(uri, limit=LIMIT)
        except FetchError as error:
            log.info("a client's logo cannot be fetched: %s", error)
            return None
        media_type = image_type(response.body) if response.status == 200 else None
        return Logo(media_type, response.body) if media_type is not None else None
