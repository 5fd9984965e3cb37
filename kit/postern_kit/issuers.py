"""Metadata of an issuer (RFC 8414), fetched once and compared byte for byte."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"
SECONDS = 5.0
RETRY_SECONDS = 1.0
"""Between a failure and the next attempt. Requests that wait for an attempt share its failure."""


class IssuerError(Exception):
    """The issuer does not respond as it has to; requests fail with 503 until it does."""


class Issuer:
    """An authorization server, named by its issuer exactly as it writes it."""

    def __init__(
        self,
        issuer: str,
        *,
        http: httpx.AsyncClient | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = issuer
        self._given = http
        self._own: tuple[asyncio.AbstractEventLoop, httpx.AsyncClient] | None = None
        self._monotonic = monotonic
        self._metadata: Mapping[str, Any] | None = None
        self._failure = ""
        self._retry_at = float("-inf")
        self._lock = asyncio.Lock()

    @property
    def http(self) -> httpx.AsyncClient:
        """The client for requests to the issuer; it follows no redirects.

        Connections belong to an event loop, and some test clients begin one for each request.
        """
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        if self._own is None or self._own[0] is not loop:
            self._own = loop, httpx.AsyncClient(timeout=SECONDS)
        return self._own[1]

    async def endpoint(self, name: str) -> str:
        """Return an address of the metadata, such as `jwks_uri`."""
        metadata = await self.metadata()
        value = metadata.get(name)
        if not isinstance(value, str):
            raise IssuerError(f"the metadata of {self.name} has no {name}")
        return value

    async def metadata(self) -> Mapping[str, Any]:
        """Return the metadata; it is fetched once, and again after a failure."""
        async with self._lock:
            if self._metadata is None:
                if self._monotonic() < self._retry_at:
                    raise IssuerError(self._failure)
                try:
                    self._metadata = await self._fetched()
                except IssuerError as error:
                    self._failure = str(error)
                    self._retry_at = self._monotonic() + RETRY_SECONDS
                    raise
            return self._metadata

    async def _fetched(self) -> Mapping[str, Any]:
        for address in metadata_addresses(self.name):
            try:
                response = await self.http.get(address)
            except httpx.HTTPError as error:
                raise IssuerError(f"{address}: {error!r}") from error
            document = json_object(response) if response.status_code == 200 else None
            if document is None:
                continue
            if document.get("issuer") != self.name:
                raise IssuerError(f"{address} has the issuer {document.get('issuer')!r}")
            return document
        raise IssuerError(f"{self.name} publishes no metadata")

    async def aclose(self) -> None:
        """Close the connections."""
        if self._given is not None:
            await self._given.aclose()
        elif self._own is not None and self._own[0] is asyncio.get_running_loop():
            await self._own[1].aclose()


def metadata_addresses(issuer: str) -> list[str]:
    """Return where the metadata of an issuer may be (RFC 8414 section 3.1, OpenID Discovery)."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    inserted = [f"{origin}{OAUTH}{path}", f"{origin}{OPENID}{path}"]
    return [*inserted, f"{origin}{path}{OPENID}"] if path else inserted


def json_object(response: httpx.Response) -> dict[str, Any] | None:
    """Return the body of a response if it is a JSON object."""
    try:
        value = response.json()
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
