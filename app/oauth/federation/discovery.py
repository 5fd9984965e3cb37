"""Discovery documents of identity providers (OpenID Connect Discovery 1.0 section 4)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cachetools import FIFOCache

from app.clock import Clock
from app.concurrency.single_flight import SingleFlight
from app.oauth.federation.errors import ProviderProtocolError, ProviderUnavailableError
from app.outbound.http import FetchError, OutboundHttp
from app.security.text import is_encodable

LIFETIME = timedelta(minutes=10)
MAXIMUM_CACHED = 50
WELL_KNOWN = "/.well-known/openid-configuration"
CLIENT_SECRET_BASIC = "client_secret_basic"


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
class _CachedMetadata:
    metadata: ProviderMetadata
    fetched_at: datetime


class ProviderDiscovery:
    """Fetches discovery documents and caches them for ten minutes."""

    def __init__(self, outbound_to: Callable[[str], OutboundHttp], clock: Clock) -> None:
        self._outbound_to = outbound_to
        self._clock = clock
        self._cache: FIFOCache[str, _CachedMetadata] = FIFOCache(MAXIMUM_CACHED)
        self._discover = SingleFlight(self._fetch, is_outbound=True)

    async def metadata_of(self, issuer: str) -> ProviderMetadata:
        """Return the metadata of an issuer, from the cache or by discovery.

        Raises `ProviderUnavailableError` or `ProviderProtocolError`.
        """
        entry = self._cache.get(issuer)
        if entry is None or abs(self._clock.now() - entry.fetched_at) > LIFETIME:
            entry = await self._discover(issuer)
        return entry.metadata

    async def _fetch(self, issuer: str) -> _CachedMetadata:
        try:
            response = await self._outbound_to(issuer).get(issuer.rstrip("/") + WELL_KNOWN)
        except FetchError as error:
            raise ProviderUnavailableError(
                f"its discovery document cannot be fetched: {error}"
            ) from error
        if response.status != 200:
            raise ProviderUnavailableError(
                f"its discovery document cannot be fetched: status {response.status}"
            )
        entry = _CachedMetadata(_parse(response.body, issuer), self._clock.now())
        self._cache[issuer] = entry
        return entry


def _parse(body: bytes, issuer: str) -> ProviderMetadata:
    """Parse a discovery document; unknown members are dropped."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ProviderProtocolError("its discovery document is not JSON") from None
    if not isinstance(document, dict) or not is_encodable(document):
        raise ProviderProtocolError("its discovery document is not a JSON object")
    if document.get("issuer") != issuer:
        raise ProviderProtocolError("its discovery document is from another issuer")
    methods = document.get("token_endpoint_auth_methods_supported")
    return ProviderMetadata(
        authorization_endpoint=_endpoint(document, "authorization_endpoint", issuer),
        token_endpoint=_endpoint(document, "token_endpoint", issuer),
        userinfo_endpoint=(
            _endpoint(document, "userinfo_endpoint", issuer)
            if "userinfo_endpoint" in document
            else None
        ),
        jwks_uri=_endpoint(document, "jwks_uri", issuer),
        auth_methods=(
            tuple(map(str, methods)) if isinstance(methods, list) else (CLIENT_SECRET_BASIC,)
        ),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(document: Mapping[str, Any], name: str, issuer: str) -> str:
    """Return the URL of an endpoint.

    Its scheme must be https, or that of the issuer; `javascript:` and the like are refused.
    """
    value = document.get(name)
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
