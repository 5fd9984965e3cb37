"""Public keys of clients: registered with the client, or fetched from its `jwks_uri`."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cachetools import FIFOCache

from app.clock import Clock
from app.concurrency.late_imports import imported
from app.concurrency.single_flight import SingleFlight
from app.models.clients.clients import Client
from app.observability.logging import logger
from app.outbound.http import BusyError, FetchError, OutboundHttp
from app.schemas.clients import PRIVATE_KEY_MEMBERS
from app.security import jose
from app.security.client_jwt import kid_of, require_type
from app.security.text import is_encodable

log = logger(__name__)

CACHED_FOR = timedelta(minutes=5)
ASKED_AGAIN_AFTER = timedelta(seconds=5)
USABLE_MEANWHILE = timedelta(minutes=15)
"""Maximum age of keys that are used while newer ones are being fetched."""
PATIENCE = 1.0
"""Seconds to wait for newer keys if there are usable ones."""
CACHE_SIZE = 1000
MAXIMUM_KEYS = 100
Keys = Sequence[dict[str, Any]]
Wanted = Callable[[Keys], bool]
"""Whether the keys have what the caller looks for. If not, they are fetched again."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    """Result of the last request to a URI; `keys` is None if it returned none."""

    keys: Keys | None
    fetched_at: datetime
    asked_at: datetime
    problem: str = ""


class ClientKeys:
    def __init__(self, outbound: OutboundHttp, clock: Clock) -> None:
        self._outbound = outbound
        self._clock = clock
        self._cache: FIFOCache[str, _Fetched] = FIFOCache(CACHE_SIZE)
        self._ask = SingleFlight(self._fetch, is_outbound=True)

    async def verified(
        self,
        client: Client,
        token: str,
        *,
        algorithm: str | None,
        allowed: Sequence[str],
        typ: str,
    ) -> dict[str, Any]:
        """Verify a JWT of this type signed by the client and return its claims.

        `algorithm` is the one that the client registered, if it did, and `allowed` are those that
        it may use. Raise `SignatureError` or `FetchError`.
        """
        require_type(token, typ)
        keys = await self.keys_of(client, kid=kid_of(token))
        await imported(*jose.MODULES)
        algorithms = [name for name in allowed if algorithm in (None, name)]
        return jose.verify(token, keys, algorithms=algorithms)

    async def keys_of(self, client: Client, *, kid: str | None) -> Keys:
        """Return the public keys of a client as JWKs; raise `FetchError`.

        Keys at a `jwks_uri` are fetched again for an unknown `kid`.
        """
        return await self.keys_with(client, _with_kid(kid))

    async def keys_with(self, client: Client, wanted: Wanted) -> Keys:
        """Do the same, but fetch the keys again if they do not have what is wanted."""
        registered = client.registered_metadata.jwks
        if registered is not None:
            return public_keys(registered)
        uri = client.registered_metadata.jwks_uri
        return await self._keys_at(uri, wanted) if uri is not None else []

    async def keys_at(self, uri: str, *, kid: str | None) -> Keys:
        """Return the public keys at a URI as JWKs; raise `FetchError`.

        They are fetched again for an unknown `kid`.
        """
        return await self._keys_at(uri, _with_kid(kid))

    async def _keys_at(self, uri: str, wanted: Wanted) -> Keys:
        cached = self._cache.get(uri)
        now = self._clock.now()
        if cached is None or _is_due(cached, wanted, now):
            is_usable = cached is not None and _is_usable_meanwhile(cached, wanted, now)
            cached = await (self._newer(uri, cached) if cached and is_usable else self._ask(uri))
        if cached.keys is None:
            raise FetchError(f"no keys from the jwks_uri: {cached.problem}")
        return cached.keys

    async def _newer(self, uri: str, cached: _Fetched) -> _Fetched:
        """Return the current result of a URI, or the cached one if the request takes too long."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._ask(uri)
        except (TimeoutError, BusyError):
            return cached

    async def _fetch(self, uri: str) -> _Fetched:
        """Fetch a URI and cache the result.

        Failures are cached too, so that callers cannot cause repeated requests to a URI.
        """
        before, now = self._cache.get(uri), self._clock.now()
        try:
            response = await self._outbound.get(uri)
            if response.status != 200:
                raise FetchError(f"the response status is {response.status}")
            result = _Fetched(_parse(response.body), now, now)
        except BusyError:  # not a failure of the URI
            raise
        except FetchError as error:
            log.info("a jwks_uri could not be fetched: %s", error)
            if before is not None and not _is_old(before, now):
                result = _Fetched(before.keys, before.fetched_at, now)
            else:
                result = _Fetched(None, now, now, str(error))
        self._cache[uri] = result
        return result


def _is_due(cached: _Fetched, wanted: Wanted, now: datetime) -> bool:
    if abs(now - cached.asked_at) < ASKED_AGAIN_AFTER:
        return False
    return not wanted(cached.keys or ()) or _is_old(cached, now)


def _is_usable_meanwhile(cached: _Fetched, wanted: Wanted, now: datetime) -> bool:
    is_recent = abs(now - cached.fetched_at) <= USABLE_MEANWHILE
    return cached.keys is not None and is_recent and wanted(cached.keys)


def _with_kid(kid: str | None) -> Wanted:
    return lambda keys: kid is None or any(key.get("kid") == kid for key in keys)


def _is_old(cached: _Fetched, now: datetime) -> bool:
    """Return whether the keys are outdated; they also are if the clock was set back."""
    return cached.keys is None or abs(now - cached.fetched_at) > CACHED_FOR


def _parse(body: bytes) -> Keys:
    try:
        jwks = json.loads(body)
    except (ValueError, RecursionError):
        raise FetchError("the response is not JSON") from None
    if not isinstance(jwks, dict) or not is_encodable(jwks):
        raise FetchError("the response is not a JWK Set")
    if not isinstance(jwks.get("keys"), list):
        raise FetchError("the response is not a JWK Set")
    return public_keys(jwks)


def public_keys(jwks: Mapping[str, Any]) -> Keys:
    """Return the public keys of a set.

    A key whose private half was published proves nothing and is left out.
    """
    keys = [key for key in jwks["keys"] if isinstance(key, dict)]
    return [key for key in keys if not PRIVATE_KEY_MEMBERS & key.keys()][:MAXIMUM_KEYS]
