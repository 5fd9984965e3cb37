"""Verify JWT access tokens by the keys of their issuer (RFC 9068)."""

import time
from collections.abc import Callable, Sequence

import httpx

from postern_kit.issuers import Issuer
from postern_kit.jwks import KeySet
from postern_kit.refusals import invalid_token
from postern_kit.signatures import ALGORITHMS, SignatureError, Signatures
from postern_kit.tokens import AccessToken, Claims, is_audience, is_time

TYPES = ("at+jwt", "application/at+jwt")
REQUIRED = ("iss", "aud", "exp", "sub", "client_id")
LEEWAY_SECONDS = 30.0
MAXIMUM_LENGTH = 16_384


class JwtVerifier:
    """Verify signature, type, issuer, audience and time of a token, without a request for each.

    It does not see that a token was revoked: keep the lifetime of the tokens short, or use
    `IntrospectionVerifier`. `now` is the clock in seconds.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        jwks_uri: str | None = None,
        algorithms: Sequence[str] = ALGORITHMS,
        now: Callable[[], float] = time.time,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._signatures = Signatures(algorithms, maximum_length=MAXIMUM_LENGTH)
        self._issuer = Issuer(issuer, http=http)
        self._audience = audience
        self._keys = KeySet(self._issuer, jwks_uri=jwks_uri)
        self._now = now

    async def verify(self, token: str) -> AccessToken:
        """Return the token if it is valid; raise `Refusal` or `IssuerError`."""
        claims = await self._signed_claims(token)
        self._check(claims)
        return AccessToken(token, claims)

    async def aclose(self) -> None:
        """Close the connections to the issuer."""
        await self._issuer.aclose()

    async def _signed_claims(self, token: str) -> Claims:
        try:
            header = self._signatures.header_of(token)
            if str(header.get("typ", "")).lower() not in TYPES:
                raise SignatureError("typ is not at+jwt")
            key_id = header.get("kid")
            key = await self._keys.find(key_id) if isinstance(key_id, str) else None
            if key is None:
                raise SignatureError("the key is unknown")
            return self._signatures.claims_of(token, key)
        except SignatureError as error:
            raise invalid_token(str(error)) from None

    def _check(self, claims: Claims) -> None:
        if any(name not in claims for name in REQUIRED):
            raise invalid_token("a claim is missing")
        if claims["iss"] != self._issuer.name:
            raise invalid_token("iss is another issuer")
        if not is_audience(claims, self._audience):
            raise invalid_token("aud is another resource")
        now = self._now()
        if not is_time(claims["exp"]) or claims["exp"] <= now:
            raise invalid_token("the token has expired")
        for name in ("nbf", "iat"):
            value = claims.get(name, now)
            if not is_time(value) or value > now + LEEWAY_SECONDS:
                raise invalid_token(f"{name} is in the future")
