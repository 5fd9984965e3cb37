"""Cache of fetched request objects (OpenID Connect Core section 6.2)."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from cachetools import FIFOCache

from app.clock import Clock
from app.concurrency.deadline import not_counted
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidRequestUriError, OAuth2Error, TemporarilyUnavailableError
from app.outbound.http import BusyError, FetchError, OutboundHttp

LASTS = timedelta(seconds=60)
REFUSED_LASTS = timedelta(seconds=10)
MAXIMUM_ENTRIES = 200
RETRY_AFTER = 2
BUSY = "all slots for requests to the client's host are in use"
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """Result of fetching a URI of a client: a request object, or the error to raise."""

    text: str
    error: type[OAuth2Error] | None
    expires_at: datetime
    reason: str | None = None


class FetchedRequests:
    """Cache of request objects, by client and `request_uri` including its fragment.

    The fragment is a hash of the object, which a client changes with the object, so it is part of
    the key. Concurrent callers share one fetch.
    """

    def __init__(self, outbound: OutboundHttp, clock: Clock) -> None:
        self._outbound = outbound
        self._clock = clock
        self._entries: FIFOCache[Key, Entry] = FIFOCache(MAXIMUM_ENTRIES)
        self._under_way: dict[Key, asyncio.Task[Entry]] = {}

    def is_known(self, client_id: str, request_uri: str) -> bool:
        """Return whether `get` would return without a new fetch."""
        key = (client_id, request_uri)
        return key in self._under_way or self._cached(key) is not None

    async def get(self, client_id: str, request_uri: str) -> str:
        """Return the request object; raises an `OAuth2Error`."""
        key = (client_id, request_uri)
        entry = self._cached(key)
        if entry is None:
            task = self._under_way.get(key)
            if task is None:
                task = self._under_way[key] = asyncio.create_task(self._fetch(key))
                task.add_done_callback(lambda _: self._under_way.pop(key, None))
            with not_counted():
                entry = await asyncio.shield(task)
        if entry.error is TemporarilyUnavailableError:
            raise TemporarilyUnavailableError(retry_after=RETRY_AFTER, reason=BUSY)
        if entry.error is InvalidRequestUriError:
            raise InvalidRequestUriError(Description.REQUEST_URI_NOT_FETCHED, reason=entry.reason)
        if entry.error is not None:
            raise entry.error(reason=entry.reason)
        return entry.text

    def refuse(self, client_id: str, request_uri: str, error: OAuth2Error) -> None:
        """Cache the refusal of an object that has been fetched."""
        self._store((client_id, request_uri), "", type(error), REFUSED_LASTS, reason=error.reason)

    def _cached(self, key: Key) -> Entry | None:
        entry = self._entries.get(key)
        return entry if entry is not None and entry.expires_at > self._clock.now() else None

    async def _fetch(self, key: Key) -> Entry:
        _, request_uri = key
        try:
            response = await self._outbound.get(without_fragment(request_uri))
            if response.status != 200:
                raise FetchError(f"the response status is {response.status}")
        except BusyError:  # not a failure of the client's URI
            return Entry("", TemporarilyUnavailableError, self._clock.now())
        except FetchError as error:
            reason = f"the request_uri cannot be fetched: {error}"
            return self._store(key, "", InvalidRequestUriError, REFUSED_LASTS, reason=reason)
        return self._store(key, response.body.decode("ascii", "replace").strip(), None, LASTS)

    def _store(
        self,
        key: Key,
        text: str,
        error: type[OAuth2Error] | None,
        lasts: timedelta,
        *,
        reason: str | None = None,
    ) -> Entry:
        entry = Entry(text, error, self._clock.now() + lasts, reason)
        self._entries[key] = entry
        return entry


def without_fragment(uri: str) -> str:
    return uri.partition("#")[0]
