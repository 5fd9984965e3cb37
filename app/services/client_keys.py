"""The public keys of clients: registered with them, or fetched from their `jwks_uri`."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.clock import Clock
from app.late_imports import imported
from app.models.clients import Client
from app.observability.logging import logger
from app.outbound.http import BusyError, FetchError, OutboundHttp
from app.schemas.clients import PRIVATE_KEY_MEMBERS
from app.security import jose
from app.security.client_jwt import kid_of, require_type
from app.security.text import is_encodable
from app.services.keeping import Kept, OnceAtATime

log = logger(__name__)

KEPT = timedelta(minutes=5)
ASKED_AGAIN_AFTER = timedelta(seconds=5)
USABLE_MEANWHILE = timedelta(minutes=15)
"""How old keys may be that are used while newer ones are under way."""
PATIENCE = 1.0
"""Seconds to wait for newer keys where there are usable ones."""
MAXIMUM_KEPT = 1000
MAXIMUM_KEYS = 100
Keys = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Fetched:
    """What a URI gave when it was last asked; `keys` are None where it gave none."""

    keys: Keys | None
    fetched_at: datetime
    asked_at: datetime
    problem: str = ""


class ClientKeys:
    def __init__(self, outbound: OutboundHttp, clock: Clock) -> None:
        self._outbound = outbound
        self._clock = clock
        self._kept: Kept[_Fetched] = Kept(MAXIMUM_KEPT)
        self._ask = OnceAtATime(self._fetch)

    async def verified(
        self, client: Client, token: str, *, algorithm: str | None, typ: str
    ) -> dict[str, Any]:
        """The claims of a JWT of this type that the client signed.

        `algorithm` is the one that it registered. Raises `SignatureError` or `FetchError`.
        """
        require_type(token, typ)
        keys = await self.keys_of(client, kid=kid_of(token))
        await imported(*jose.MODULES)
        algorithms = (algorithm,) if algorithm is not None else jose.CLIENT_ALGORITHMS
        return jose.verify(token, keys, algorithms=algorithms)

    async def keys_of(self, client: Client, *, kid: str | None) -> Keys:
        """Public keys as JWKs. An unknown `kid` has them fetched again; raises `FetchError`."""
        registered = client.further_metadata.get("jwks")
        if registered is not None:
            return _public_keys(registered)
        uri = client.further_metadata.get("jwks_uri")
        return await self.keys_at(uri, kid=kid) if uri is not None else []

    async def keys_at(self, uri: str, *, kid: str | None) -> Keys:
        """The same, of a URI; raises `FetchError`."""
        kept = self._kept.get(uri)
        now = self._clock.now()
        if kept is None or _is_due(kept, kid, now):
            is_usable = kept is not None and _is_usable_meanwhile(kept, kid, now)
            kept = await (self._newer(uri, kept) if kept and is_usable else self._ask(uri))
        if kept.keys is None:
            raise FetchError(f"jwks_uri gave no keys: {kept.problem}")
        return kept.keys

    async def _newer(self, uri: str, kept: _Fetched) -> _Fetched:
        """Return what a URI gives now, or what it gave before where that takes long."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._ask(uri)
        except (TimeoutError, BusyError):
            return kept

    async def _fetch(self, uri: str) -> _Fetched:
        """A failure is kept too, so that nobody can have a URI asked again and again."""
        before, now = self._kept.get(uri), self._clock.now()
        try:
            fetched = await self._outbound.get(uri)
            if fetched.status != 200:
                raise FetchError(f"it answered {fetched.status}")
            kept = _Fetched(_parse(fetched.body), now, now)
        except BusyError:  # says nothing about the URI
            raise
        except FetchError as error:
            log.info("a jwks_uri could not be fetched: %s", error)
            if before is not None and not _is_old(before, now):
                kept = _Fetched(before.keys, before.fetched_at, now)
            else:
                kept = _Fetched(None, now, now, str(error))
        self._kept.put(uri, kept)
        return kept


def _is_due(kept: _Fetched, kid: str | None, now: datetime) -> bool:
    if abs(now - kept.asked_at) < ASKED_AGAIN_AFTER:
        return False
    return not _has_key(kept, kid) or _is_old(kept, now)


def _is_usable_meanwhile(kept: _Fetched, kid: str | None, now: datetime) -> bool:
    is_recent = abs(now - kept.fetched_at) <= USABLE_MEANWHILE
    return kept.keys is not None and is_recent and _has_key(kept, kid)


def _has_key(kept: _Fetched, kid: str | None) -> bool:
    return kid is None or any(key.get("kid") == kid for key in kept.keys or ())


def _is_old(kept: _Fetched, now: datetime) -> bool:
    """Also where the clock was set back."""
    return kept.keys is None or abs(now - kept.fetched_at) > KEPT


def _parse(body: bytes) -> Keys:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise FetchError("it gave no JSON") from None
    if not isinstance(found, dict) or not is_encodable(found):
        raise FetchError("it gave no JWK Set")
    if not isinstance(found.get("keys"), list):
        raise FetchError("it gave no JWK Set")
    return _public_keys(found)


def _public_keys(jwks: dict[str, Any]) -> Keys:
    """A key whose private half was published proves nothing."""
    keys = [key for key in jwks["keys"] if isinstance(key, dict)]
    return [key for key in keys if not PRIVATE_KEY_MEMBERS & key.keys()][:MAXIMUM_KEYS]
