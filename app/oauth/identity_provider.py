"""Checks of a relying party for sign-in with an identity provider.

OpenID Connect Discovery 1.0 section 4.3, OpenID Connect Core 1.0 section 3.1.3.7, RFC 9207.
"""

import hmac
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cachetools import FIFOCache

from app.clock import Clock
from app.late_imports import imported
from app.models.federation.identity_providers import IdentityProvider
from app.outbound.http import FetchError, OutboundHttp
from app.outbound.names import HostNames
from app.security import jose
from app.security.client_jwt import kid_of, require_audience, require_now
from app.security.text import is_encodable, is_storable
from app.services.clients.client_keys import ClientKeys
from app.services.operations.single_flight import SingleFlight

KEPT = timedelta(minutes=10)
MAXIMUM_KEPT = 50
MAXIMUM_SUBJECT = 255
TIMEOUT = 10.0
WELL_KNOWN = "/.well-known/openid-configuration"
BASIC = "client_secret_basic"


class ProviderUnavailableError(Exception):
    """The identity provider is unavailable; the message is for the log."""


class ProviderProtocolError(Exception):
    """The identity provider sent an invalid response; the message is for the log."""


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """The parts of a discovery document that are used.

    `names_itself` means that authorization responses contain `iss`.
    """

    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str | None
    jwks_uri: str
    auth_methods: tuple[str, ...]
    names_itself: bool


@dataclass(frozen=True, slots=True)
class _Found:
    metadata: ProviderMetadata
    found_at: datetime


class IdentityProviderProtocol:
    """OpenID Connect client for identity providers.

    The host of an issuer is configured by the operator, so it may be a private one. Every other
    host in a discovery document is subject to the same rules as the hosts that clients register.
    """

    def __init__(
        self,
        allowed_hosts: Collection[str],
        ca_file: Path | None,
        clock: Clock,
        names: HostNames | None = None,
    ) -> None:
        self._names = names
        self._allowed_hosts = allowed_hosts
        self._ca_file = ca_file
        self._clock = clock
        self._outbound: FIFOCache[str, OutboundHttp] = FIFOCache(MAXIMUM_KEPT)
        self._keys: FIFOCache[str, ClientKeys] = FIFOCache(MAXIMUM_KEPT)
        self._found: FIFOCache[str, _Found] = FIFOCache(MAXIMUM_KEPT)
        self._discover = SingleFlight(self._fetch)

    def outbound_to(self, issuer: str) -> OutboundHttp:
        """Return the HTTP client for all URLs of an issuer."""
        outbound = self._outbound.get(issuer)
        if outbound is None:
            hosts = {*self._allowed_hosts, urlsplit(issuer).hostname or ""}
            outbound = OutboundHttp(hosts, self._ca_file, timeout=TIMEOUT, names=self._names)
            self._outbound[issuer] = outbound
        return outbound

    async def metadata_of(self, issuer: str) -> ProviderMetadata:
        """Return the metadata of an issuer, from the cache or by discovery.

        Raises `ProviderUnavailableError` or `ProviderProtocolError`.
        """
        entry = self._found.get(issuer)
        if entry is None or abs(self._clock.now() - entry.found_at) > KEPT:
            entry = await self._discover(issuer)
        return entry.metadata

    async def read_id_token(
        self, provider: IdentityProvider, id_token: object, *, nonce: str
    ) -> dict[str, Any]:
        """Verify an ID token, issued to this server for this sign-in, and return its claims.

        Raises `ProviderUnavailableError` or `ProviderProtocolError`.
        """
        if not isinstance(id_token, str):
            raise ProviderProtocolError("the token response has no ID token")
        metadata = await self.metadata_of(provider.issuer)
        try:
            keys = await self._keys_of(provider.issuer).keys_at(
                metadata.jwks_uri, kid=kid_of(id_token)
            )
            await imported(*jose.MODULES)
            claims = jose.verify(id_token, keys, algorithms=jose.CLIENT_ALGORITHMS)
            _require_claims(claims, provider, nonce=nonce)
            if require_now(claims, self._clock.now()) is None:
                raise jose.SignatureError("exp is missing")
        except FetchError as error:
            raise ProviderUnavailableError(f"its keys cannot be fetched: {error}") from error
        except jose.SignatureError as error:
            raise ProviderProtocolError(f"the ID token is not valid: {error}") from error
        return claims

    def _keys_of(self, issuer: str) -> ClientKeys:
        keys = self._keys.get(issuer)
        if keys is None:
            keys = ClientKeys(self.outbound_to(issuer), self._clock)
            self._keys[issuer] = keys
        return keys

    async def _fetch(self, issuer: str) -> _Found:
        try:
            response = await self.outbound_to(issuer).get(issuer.rstrip("/") + WELL_KNOWN)
        except FetchError as error:
            raise ProviderUnavailableError(
                f"its discovery document cannot be fetched: {error}"
            ) from error
        if response.status != 200:
            raise ProviderUnavailableError(
                f"its discovery document cannot be fetched: status {response.status}"
            )
        entry = _Found(_read(response.body, issuer), self._clock.now())
        self._found[issuer] = entry
        return entry


def require_issuer(metadata: ProviderMetadata, issuer: str, given: Mapping[str, str]) -> None:
    """Check that the response is from the issuer that the browser was sent to.

    RFC 9207 section 2.4; raises `ProviderProtocolError`.
    """
    received = given.get("iss")
    if received != issuer and (received is not None or metadata.names_itself):
        raise ProviderProtocolError("the response names another issuer")


def _require_claims(claims: Mapping[str, Any], provider: IdentityProvider, *, nonce: str) -> None:
    """Check the claims of an ID token (Core section 3.1.3.7); raises `SignatureError`."""
    if claims.get("iss") != provider.issuer:
        raise jose.SignatureError("iss is another issuer")
    require_audience(claims, [provider.client_id])
    audience, party = claims["aud"], claims.get("azp")
    is_shared = isinstance(audience, list) and len(audience) > 1
    if party != provider.client_id and (is_shared or party is not None):
        raise jose.SignatureError("azp is another client")
    received_nonce = claims.get("nonce")
    if not isinstance(received_nonce, str) or not hmac.compare_digest(
        received_nonce.encode("utf-8", "surrogatepass"), nonce.encode()
    ):
        raise jose.SignatureError("nonce does not match")
    subject = claims.get("sub")
    if (
        not isinstance(subject, str)
        or not 0 < len(subject) <= MAXIMUM_SUBJECT
        or not is_storable(subject)
    ):
        raise jose.SignatureError("sub is missing or invalid")


def _read(body: bytes, issuer: str) -> ProviderMetadata:
    """Parse a discovery document; unknown members are dropped."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ProviderProtocolError("its discovery document is not JSON") from None
    if not isinstance(document, dict) or not is_encodable(document):
        raise ProviderProtocolError("its discovery document is not a JSON object")
    if document.get("issuer") != issuer:
        raise ProviderProtocolError("its discovery document is from another issuer")
    methods = document.get("token_endpoint_auth_methods_supported", [BASIC])
    return ProviderMetadata(
        authorization_endpoint=_endpoint(document, "authorization_endpoint", issuer),
        token_endpoint=_endpoint(document, "token_endpoint", issuer),
        userinfo_endpoint=(
            _endpoint(document, "userinfo_endpoint", issuer)
            if "userinfo_endpoint" in document
            else None
        ),
        jwks_uri=_endpoint(document, "jwks_uri", issuer),
        auth_methods=tuple(map(str, methods)) if isinstance(methods, list) else (BASIC,),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(said: Mapping[str, Any], name: str, issuer: str) -> str:
    """Return the URL of an endpoint.

    Its scheme must be https, or that of the issuer; `javascript:` and the like are refused.
    """
    value = said.get(name)
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        is_plain = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        is_plain = False
    if (
        not isinstance(value, str)
        or not is_plain
        or parts.scheme not in ("https", urlsplit(issuer).scheme)
        or not (value.isascii() and value.isprintable())
        or {" ", "\\", "#"} & set(value)
    ):
        raise ProviderProtocolError(f"its {name} is not a valid URL")
    return value
