"""OpenID Connect client for identity providers, over SSRF-safe HTTP."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cachetools import FIFOCache

from app.clock import Clock
from app.concurrency.late_imports import imported
from app.models.federation.identity_providers import IdentityProvider
from app.oauth.federation.authentication import (
    AuthenticationRequest,
    code_of,
    new_request,
    url_of,
)
from app.oauth.federation.discovery import MAXIMUM_CACHED, ProviderDiscovery
from app.oauth.federation.errors import ProviderProtocolError, ProviderUnavailableError
from app.oauth.federation.id_token import require_claims
from app.oauth.federation.token_endpoint import redeem
from app.oauth.federation.userinfo import userinfo_claims
from app.outbound.http import FetchError, OutboundHttp
from app.outbound.names import HostNames
from app.security import jose
from app.security.client_jwt import kid_of
from app.services.clients.client_keys import ClientKeys

TIMEOUT = 10.0
"""Seconds for each request to an identity provider."""


class IdentityProviderClient:
    """A relying party of every identity provider.

    The host of an issuer is configured by the operator, so it may be a private one. Every other
    host in a discovery document is subject to the same rules as the hosts that clients register.

    All methods raise `ProviderUnavailableError` or `ProviderProtocolError`.
    """

    def __init__(
        self,
        *,
        allowed_hosts: Collection[str],
        ca_file: Path | None,
        clock: Clock,
        host_names: HostNames | None = None,
    ) -> None:
        self._allowed_hosts = allowed_hosts
        self._ca_file = ca_file
        self._clock = clock
        self._host_names = host_names
        self._outbound: FIFOCache[str, OutboundHttp] = FIFOCache(MAXIMUM_CACHED)
        self._keys: FIFOCache[str, ClientKeys] = FIFOCache(MAXIMUM_CACHED)
        self._discovery = ProviderDiscovery(self._outbound_to, clock)

    async def begin(
        self, provider: IdentityProvider, *, redirect_uri: str, is_fresh: bool
    ) -> tuple[str, AuthenticationRequest]:
        """Create an authentication request and the URL that sends the browser to the provider.

        With `is_fresh`, the provider is requested to ask the user to sign in again.
        """
        metadata = await self._discovery.metadata_of(provider.issuer)
        request = new_request(redirect_uri)
        return url_of(request, provider, metadata, is_fresh=is_fresh), request

    async def code_in(self, response: Mapping[str, str], provider: IdentityProvider) -> str:
        """Return the code of an authorization response, given its parameters.

        Raises `SignInDeniedError` too.
        """
        metadata = await self._discovery.metadata_of(provider.issuer)
        return code_of(response, metadata, issuer=provider.issuer)

    async def claims_for(
        self,
        code: str,
        request: AuthenticationRequest,
        *,
        provider: IdentityProvider,
        client_secret: str | None,
    ) -> dict[str, Any]:
        """Redeem a code and return the claims of the verified ID token and of UserInfo.

        A failing UserInfo endpoint is ignored, unless the groups of the user can only be there.
        """
        metadata = await self._discovery.metadata_of(provider.issuer)
        outbound = self._outbound_to(provider.issuer)
        tokens = await redeem(
            code,
            request,
            provider=provider,
            client_secret=client_secret,
            metadata=metadata,
            outbound=outbound,
        )
        claims = await self._verified(
            tokens.get("id_token"), provider, metadata.jwks_uri, nonce=request.nonce
        )
        try:
            userinfo = await userinfo_claims(
                metadata.userinfo_endpoint, tokens, subject=claims["sub"], outbound=outbound
            )
        except ProviderUnavailableError:
            if provider.groups_claim is not None and provider.groups_claim not in claims:
                raise
            return claims
        return {**userinfo, **claims}

    async def _verified(
        self, id_token: object, provider: IdentityProvider, jwks_uri: str, *, nonce: str
    ) -> dict[str, Any]:
        """Verify an ID token and return its claims; keys are fetched again for an unknown `kid`."""
        if not isinstance(id_token, str):
            raise ProviderProtocolError("the token response has no ID token")
        try:
            keys = await self._keys_of(provider.issuer).keys_at(jwks_uri, kid=kid_of(id_token))
            await imported(*jose.MODULES)
            claims = jose.verify(id_token, keys, algorithms=jose.CLIENT_ALGORITHMS)
            require_claims(claims, provider, nonce=nonce, now=self._clock.now())
        except FetchError as error:
            raise ProviderUnavailableError(f"its keys cannot be fetched: {error}") from error
        except jose.SignatureError as error:
            raise ProviderProtocolError(f"the ID token is not valid: {error}") from error
        return claims

    def _keys_of(self, issuer: str) -> ClientKeys:
        keys = self._keys.get(issuer)
        if keys is None:
            keys = self._keys[issuer] = ClientKeys(self._outbound_to(issuer), self._clock)
        return keys

    def _outbound_to(self, issuer: str) -> OutboundHttp:
        """Return the HTTP client for all URLs of an issuer."""
        outbound = self._outbound.get(issuer)
        if outbound is None:
            hosts = {*self._allowed_hosts, urlsplit(issuer).hostname or ""}
            outbound = OutboundHttp(
                allowed_hosts=hosts,
                ca_file=self._ca_file,
                timeout=TIMEOUT,
                host_names=self._host_names,
            )
            self._outbound[issuer] = outbound
        return outbound
