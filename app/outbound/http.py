"""SSRF-safe client for all requests to URLs from untrusted parties.

https only, no redirects, no proxy from the environment, a bounded body, one overall time limit,
and only public addresses (`connections.py`).
"""

import asyncio
import ssl
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlencode, urlsplit

from app.concurrency.deadline import not_counted
from app.concurrency.late_imports import imported
from app.outbound.errors import BusyError, FetchError, TooLargeError
from app.outbound.host_slots import AT_ONCE, HostSlots
from app.outbound.ip_addresses import is_public, literal_address
from app.outbound.names import HostNames

if TYPE_CHECKING:
    import httpcore

__all__ = ["AT_ONCE", "BusyError", "FetchError", "Fetched", "OutboundHttp"]

LIMIT = 65_536
TIMEOUT = 5.0
DEFAULT_PORTS = {"https": 443, "http": 80}
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
HEADERS = (
    (b"User-Agent", b"Postern"),
    (b"Accept", b"*/*"),
    (b"Accept-Encoding", b"identity"),
    (b"Connection", b"close"),
)


class Fetched(NamedTuple):
    """A response. Of a header that is repeated, `headers` has the first value."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = NO_HEADERS

    @property
    def is_success(self) -> bool:
        """Return whether the status is 2xx; no redirect is followed."""
        return 200 <= self.status < 300


class OutboundHttp:
    """`allowed_hosts` may be private, use plain http, and have a certificate of the authority in
    `ca_file`. `timeout` is in seconds."""

    def __init__(
        self,
        *,
        allowed_hosts: Collection[str] = (),
        ca_file: Path | None = None,
        timeout: float = TIMEOUT,
        host_names: HostNames | None = None,
    ) -> None:
        self._host_names = host_names or HostNames()
        self._allowed_hosts = frozenset(host.lower().strip("[]") for host in allowed_hosts)
        self._ca_file = ca_file
        self._timeout = timeout
        self._tls_contexts: dict[bool, ssl.SSLContext] = {}
        self._host_slots = HostSlots()

    def is_allowed(self, host: str | None) -> bool:
        """Return whether the operator allowed this host even if it is private."""
        return host in self._allowed_hosts

    def may_reach(self, url: str) -> bool:
        """Return whether this URL may be fetched, by its scheme and by a literal address in it.

        Names are not resolved: each request resolves and checks them.
        """
        try:
            parts = _split(url)
        except FetchError:
            return False
        if self.is_allowed(parts.hostname):
            return True
        address = literal_address(parts.hostname or "")
        return parts.scheme == "https" and (address is None or is_public(address))

    async def get(
        self, url: str, *, limit: int = LIMIT, headers: Iterable[tuple[bytes, bytes]] = ()
    ) -> Fetched:
        """Fetch a client's URL; raises `FetchError`, or `BusyError` if others use the capacity."""
        with not_counted():
            return await self._request("GET", url, limit=limit, shared=True, headers=headers)

    async def post_form(self, url: str, form: Mapping[str, str]) -> int:
        """POST a form and return the status; raises `FetchError`."""
        headers = [(b"Content-Type", b"application/x-www-form-urlencoded")]
        body = urlencode(form).encode("ascii")
        return (await self.send("POST", url, headers=headers, body=body)).status

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Iterable[tuple[bytes, bytes]] = (),
        body: bytes | None = None,
    ) -> Fetched:
        """Send a request built by the caller, headers included; raises `FetchError`."""
        with not_counted():
            return await self._request(method, url, limit=LIMIT, headers=headers, body=body)

    async def _request(
        self,
        method: str,
        url: str,
        *,
        limit: int,
        shared: bool = False,
        headers: Iterable[tuple[bytes, bytes]] = (),
        body: bytes | None = None,
    ) -> Fetched:
        parts = _split(url)
        host = parts.hostname or ""
        is_allowed = self.is_allowed(host)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_allowed):
            raise FetchError("not https")
        tls_context = await self._tls_context(is_allowed=is_allowed)
        await imported("aiodns", "app.outbound.connections")
        import httpcore

        from app.outbound.connections import GuardedBackend

        deadline = asyncio.get_running_loop().time() + self._timeout
        try:
            async with (
                self._host_slots.taken(host, shared=shared, deadline=deadline),
                GuardedBackend(
                    self._host_names, may_be_private=is_allowed, timeout=self._timeout / 2
                ) as network_backend,
                asyncio.timeout_at(deadline),
                httpcore.AsyncConnectionPool(
                    ssl_context=tls_context, network_backend=network_backend, max_connections=1
                ) as pool,
                pool.stream(
                    method,
                    _target(parts),
                    headers=[(b"Host", parts.netloc.encode("ascii")), *HEADERS, *headers],
                    content=body,
                ) as response,
            ):
                return await _read(response, limit)
        except TimeoutError:
            raise FetchError("no response in time") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            raise FetchError(f"no response: {type(error).__name__} {error}") from error
        except (OSError, ValueError) as error:
            raise FetchError(f"cannot be fetched: {type(error).__name__}") from error

    async def _tls_context(self, *, is_allowed: bool) -> ssl.SSLContext:
        """Create the context in a thread, because it reads the system's authorities."""
        if is_allowed not in self._tls_contexts:
            ca_file = self._ca_file if is_allowed else None
            try:
                self._tls_contexts[is_allowed] = await asyncio.to_thread(_make_tls_context, ca_file)
            except OSError as error:
                raise FetchError("OUTBOUND_CA_FILE contains no certificates") from error
        return self._tls_contexts[is_allowed]


def _make_tls_context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=str(ca_file))
    return context


def _split(url: str) -> SplitResult:
    """Split a URL; raises `FetchError` if two parsers could read it differently."""
    try:
        parts = urlsplit(url)
        is_plain = parts.port != 0 and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        raise FetchError("not a URL") from None
    if not is_plain or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise FetchError("not a URL that may be fetched")
    return parts


def _target(parts: SplitResult) -> "httpcore.URL":
    """Build the target from parts, so that httpcore reads the same host that was checked."""
    import httpcore

    query = f"?{parts.query}" if parts.query else ""
    return httpcore.URL(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=parts.port or DEFAULT_PORTS[parts.scheme],
        target=(parts.path or "/") + query,
    )


async def _read(response: "httpcore.Response", limit: int) -> Fetched:
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > limit:
            raise TooLargeError("the response body is too large")
    headers: dict[str, str] = {}
    for name, value in response.headers:
        headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1").strip())
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return Fetched(response.status, content_type, bytes(body), headers)
