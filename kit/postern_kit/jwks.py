"""The keys of an issuer, cached, and fetched again when they rotate."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from joserfc.jwk import Key

from postern_kit.issuers import Issuer, IssuerError, json_object
from postern_kit.signatures import SignatureError, public_key

REFRESH_SECONDS = 300.0
"""Used if the response has no `Cache-Control: max-age`."""
MAXIMUM_SECONDS = 3600.0
MINIMUM_INTERVAL = 10.0
"""Between two fetches, so that tokens with made-up key ids cause no load."""
MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d+)")


class KeySet:
    """The published keys of an issuer by their ids."""

    def __init__(
        self,
        issuer: Issuer,
        *,
        jwks_uri: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._jwks_uri = jwks_uri
        self._monotonic = monotonic
        self._keys: Mapping[str, Key] = {}
        self._fresh_until = float("-inf")
        self._may_fetch_at = float("-inf")
        self._failure: IssuerError | None = None
        self._lock = asyncio.Lock()

    async def find(self, key_id: str) -> Key | None:
        """Return a key; fetch the keys if it is unknown or they are old.

        While the issuer does not respond, known keys stay valid. Raise `IssuerError` if the key is
        unknown and the keys can't be fetched.
        """
        if self._is_known_and_fresh(key_id):
            return self._keys[key_id]
        async with self._lock:
            if not self._is_known_and_fresh(key_id) and self._monotonic() >= self._may_fetch_at:
                self._may_fetch_at = self._monotonic() + MINIMUM_INTERVAL
                await self._try_to_fetch()
        key = self._keys.get(key_id)
        if key is None and self._failure is not None:  # the token may be valid
            raise IssuerError(str(self._failure))
        return key

    async def _try_to_fetch(self) -> None:
        try:
            await self._fetch()
        except IssuerError as error:
            self._failure = error
        else:
            self._failure = None

    def _is_known_and_fresh(self, key_id: str) -> bool:
        return key_id in self._keys and self._monotonic() < self._fresh_until

    async def _fetch(self) -> None:
        address = self._jwks_uri or await self._issuer.endpoint("jwks_uri")
        try:
            response = await self._issuer.http.get(address)
        except httpx.HTTPError as error:
            raise IssuerError(f"{address}: {error!r}") from error
        document = json_object(response) if response.status_code == 200 else None
        if document is None or not isinstance(document.get("keys"), list):
            raise IssuerError(f"{address}: no keys ({response.status_code})")
        self._keys = dict(filter(None, map(_usable, document["keys"])))
        self._fresh_until = self._monotonic() + _seconds_fresh(response)


def _usable(value: Any) -> tuple[str, Key] | None:
    """Return a public signing key with its id. Unknown kinds of keys are ignored (RFC 7517)."""
    if not isinstance(value, dict) or not isinstance(value.get("kid"), str):
        return None
    if value.get("use", "sig") != "sig":
        return None
    try:
        return value["kid"], public_key(value)
    except SignatureError:
        return None


def _seconds_fresh(response: httpx.Response) -> float:
    match = MAX_AGE.search(response.headers.get("cache-control", ""))
    seconds = float(match[1]) if match else REFRESH_SECONDS
    return min(max(seconds, MINIMUM_INTERVAL), MAXIMUM_SECONDS)
