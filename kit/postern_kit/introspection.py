"""Ask the issuer whether a token is valid (RFC 7662), with a short cache."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import quote_plus

import httpx

from postern_kit.issuers import Issuer, IssuerError, json_object
from postern_kit.refusals import invalid_token
from postern_kit.tokens import AccessToken, Claims, is_audience, is_time

CACHE_SECONDS = 10.0
MAXIMUM_CACHED = 10_000


class IntrospectionVerifier:
    """Verify tokens of any format, as a client that may introspect the tokens of the resource.

    A token that was revoked is accepted for `cache_seconds` at most; 0 asks for each request. Only
    active tokens are cached, by their digest.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        client_id: str,
        client_secret: str,
        introspection_endpoint: str | None = None,
        cache_seconds: float = CACHE_SECONDS,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._issuer = Issuer(issuer, http=http, monotonic=monotonic)
        self._audience = audience
        self._credentials = httpx.BasicAuth(_encoded(client_id), _encoded(client_secret))
        self._endpoint = introspection_endpoint
        self._cache_seconds = cache_seconds
        self._now, self._monotonic = now, monotonic
        self._cache: OrderedDict[bytes, tuple[float, Claims]] = OrderedDict()

    async def verify(self, token: str) -> AccessToken:
        """Return the token if it is valid; raise `Refusal` or `IssuerError`."""
        key = hashlib.sha256(token.encode()).digest()
        claims = self._cached(key)
        if claims is None:
            claims = await self._asked(token)
            self._remember(key, claims)
        if claims["exp"] <= self._now():
            raise invalid_token("the token has expired")
        return AccessToken(token, claims)

    async def aclose(self) -> None:
        """Close the connections to the issuer."""
        await self._issuer.aclose()

    async def _asked(self, token: str) -> Claims:
        address = self._endpoint or await self._issuer.endpoint("introspection_endpoint")
        try:
            response = await self._issuer.http.post(
                address,
                data={"token": token, "token_type_hint": "access_token"},
                auth=self._credentials,
                headers={"Accept": "application/json"},
            )
        except httpx.HTTPError as error:
            raise IssuerError(f"{address}: {error!r}") from error
        claims = json_object(response) if response.status_code == 200 else None
        if claims is None:
            raise IssuerError(f"{address}: {response.status_code} {response.text[:200]}")
        if claims.get("active") is not True:
            raise invalid_token("the token is not active")
        if claims.get("iss", self._issuer.name) != self._issuer.name:
            raise invalid_token("iss is another issuer")
        if not is_audience(claims, self._audience):
            raise invalid_token("aud is another resource")
        if not is_time(claims.get("exp")) or not isinstance(claims.get("sub"), str):
            raise invalid_token("exp or sub is missing")
        return claims

    def _cached(self, key: bytes) -> Claims | None:
        until, claims = self._cache.get(key, (float("-inf"), None))
        return claims if self._monotonic() < until else None

    def _remember(self, key: bytes, claims: Claims) -> None:
        if self._cache_seconds <= 0:
            return
        self._cache[key] = (self._monotonic() + self._cache_seconds, claims)
        self._cache.move_to_end(key)
        while len(self._cache) > MAXIMUM_CACHED:
            self._cache.popitem(last=False)


def _encoded(value: str) -> str:
    """Return a credential as HTTP Basic has it (RFC 6749 section 2.3.1)."""
    return quote_plus(value)
