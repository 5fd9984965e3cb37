"""The public keys of clients: registered with them, or fetched from their `jwks_uri`."""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.clock import Clock
from app.models.clients import Client
from app.outbound.http import FetchError, OutboundHttp
from app.security.text import is_encodable

KEPT = timedelta(minutes=5)
ASKED_AGAIN_AFTER = timedelta(seconds=5)
MAXIMUM_KEPT = 1000
Keys = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Kept:
    keys: Keys
    fetched_at: datetime


class ClientKeys:
    def __init__(self, outbound: OutboundHttp, clock: Clock) -> None:
        self._outbound = outbound
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def keys_of(self, client: Client, *, kid: str | None) -> Keys:
        """Public keys as JWKs. An unknown `kid` has them fetched again; raises `FetchError`."""
        registered = client.further_metadata.get("jwks")
        if registered is not None:
            return [key for key in registered["keys"] if isinstance(key, dict)]
        uri = client.further_metadata.get("jwks_uri")
        if uri is None:
            return []
        kept, now = self._kept.get(uri), self._clock.now()
        if kept is not None and not _is_due(kept, kid, now):
            return kept.keys
        keys = _parse(await self._fetch(uri))
        self._kept[uri] = _Kept(keys, now)
        self._kept.move_to_end(uri)
        if len(self._kept) > MAXIMUM_KEPT:
            self._kept.popitem(last=False)
        return keys

    async def _fetch(self, uri: str) -> bytes:
        fetched = await self._outbound.get(uri)
        if fetched.status != 200:
            raise FetchError(f"jwks_uri answered {fetched.status}")
        return fetched.body


def _is_due(kept: _Kept, kid: str | None, now: datetime) -> bool:
    age = now - kept.fetched_at
    is_known = kid is None or any(key.get("kid") == kid for key in kept.keys)
    return age > KEPT or age < -KEPT or (not is_known and age >= ASKED_AGAIN_AFTER)


def _parse(body: bytes) -> Keys:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise FetchError("jwks_uri gave no JSON") from None
    keys = found.get("keys") if isinstance(found, dict) and is_encodable(found) else None
    if not isinstance(keys, list):
        raise FetchError("jwks_uri gave no JWK Set")
    return [key for key in keys if isinstance(key, dict)]
