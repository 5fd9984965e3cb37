"""Clients' logos: fetched by us and served from here, so that no page of ours calls elsewhere."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import Clock
from app.models.clients import Client
from app.observability.logging import logger
from app.outbound.http import FetchError, OutboundHttp
from app.security.images import image_type
from app.services.keeping import Kept, OnceAtATime

log = logger(__name__)

LIMIT = 200_000
KEPT = timedelta(hours=1)
FAILURE_KEPT = timedelta(minutes=5)
MAXIMUM_KEPT = 50


@dataclass(frozen=True, slots=True)
class Logo:
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Fetched:
    logo: Logo | None
    until: datetime


class ClientLogos:
    """At most `MAXIMUM_KEPT` pictures of `LIMIT` bytes are kept in memory."""

    def __init__(self, outbound: OutboundHttp, clock: Clock) -> None:
        self._outbound = outbound
        self._clock = clock
        self._ask = OnceAtATime(self._fetch)
        self._kept: Kept[_Fetched] = Kept(MAXIMUM_KEPT)

    async def find(self, client: Client) -> Logo | None:
        """The picture at `logo_uri`; None where there is none, or none that may be shown."""
        uri = client.further_metadata.get("logo_uri")
        if uri is None:
            return None
        kept, now = self._kept.get(uri), self._clock.now()
        if kept is None or kept.until <= now:
            logo = await self._ask(uri)
            kept = _Fetched(logo, now + (KEPT if logo is not None else FAILURE_KEPT))
            self._kept.put(uri, kept)
        return kept.logo

    async def _fetch(self, uri: str) -> Logo | None:
        """By what the bytes are, whatever their sender calls them; a drawing may hold script."""
        try:
            fetched = await self._outbound.get(uri, limit=LIMIT)
        except FetchError as error:
            log.info("a client's logo cannot be fetched: %s", error)
            return None
        kind = image_type(fetched.body) if fetched.status == 200 else None
        return Logo(kind, fetched.body) if kind is not None else None
