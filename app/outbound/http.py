"""The one way in which the server fetches what a URL from outside names (SSRF-safe).

https only, no redirects, no proxy from the environment, a bounded body, one time limit over all.
The name is resolved once, every address is checked, and the connection goes to an address that was
checked, so that a second answer of the resolver changes nothing.
"""

import asyncio
import socket
import ssl
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from app.outbound.addresses import is_public

if TYPE_CHECKING:
    import httpcore

LIMIT = 65_536
TIMEOUT = 5.0
USER_AGENT = b"Postern"


class FetchError(Exception):
    """It could not be fetched, or must not be; the message is for the log."""


class Fetched(NamedTuple):
    status: int
    content_type: str
    body: bytes


class OutboundHttp:
    """`allowed_hosts` may be private, and may speak plain http; `timeout` is in seconds."""

    def __init__(
        self,
        allowed_hosts: Collection[str] = (),
        ca_file: Path | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self._ca_file = ca_file
        self._timeout = timeout
        self._tls: ssl.SSLContext | None = None

    async def get(self, url: str, *, limit: int = LIMIT) -> Fetched:
        """Raises `FetchError`."""
        return await self._request("GET", url, limit=limit)

    async def post_form(self, url: str, form: Mapping[str, str]) -> int:
        """Posts a form and gives the status; raises `FetchError`."""
        headers = [(b"Content-Type", b"application/x-www-form-urlencoded")]
        body = urlencode(form).encode("ascii")
        return (await self._request("POST", url, limit=LIMIT, headers=headers, body=body)).status

    async def _request(
        self,
        method: str,
        url: str,
        *,
        limit: int,
        headers: Iterable[tuple[bytes, bytes]] = (),
        body: bytes | None = None,
    ) -> Fetched:
        host, is_allowed = self._check(url)
        import httpcore  # late: few servers fetch anything

        try:
            async with (
                asyncio.timeout(self._timeout),
                httpcore.AsyncConnectionPool(
                    ssl_context=self._tls_context(),
                    network_backend=_guarded_backend(is_allowed=is_allowed),
                    max_connections=1,
                ) as pool,
                pool.stream(
                    method,
                    url,
                    headers=[
                        (b"Host", host),
                        (b"User-Agent", USER_AGENT),
                        (b"Accept-Encoding", b"identity"),
                        (b"Connection", b"close"),
                        *headers,
                    ],
                    content=body,
                ) as response,
            ):
                return await _read(response, limit)
        except TimeoutError:
            raise FetchError("no answer in time") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            raise FetchError(f"no answer: {type(error).__name__} {error}") from error
        except (OSError, ValueError, httpcore.UnsupportedProtocol) as error:
            raise FetchError(f"cannot be fetched: {type(error).__name__}") from error

    def _check(self, url: str) -> tuple[bytes, bool]:
        """The value of the Host header, and whether the host is one of the allowed."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise FetchError("not a URL") from None
        if not url.isascii() or not url.isprintable() or not host or "@" in parts.netloc:
            raise FetchError("not a URL that is fetched")
        is_allowed = host in self._allowed_hosts
        if parts.scheme != "https" and not (parts.scheme == "http" and is_allowed):
            raise FetchError("not https")
        return parts.netloc.encode("ascii"), is_allowed

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            if self._ca_file is not None:
                self._tls.load_verify_locations(cafile=str(self._ca_file))
        return self._tls


async def _read(response: "httpcore.Response", limit: int) -> Fetched:
    body = b""
    async for part in response.aiter_stream():
        body += part
        if len(body) > limit:
            raise FetchError("the body is too long")
    kinds = [value for name, value in response.headers if name.lower() == b"content-type"]
    content_type = kinds[0].decode("latin-1").partition(";")[0].strip().lower() if kinds else ""
    return Fetched(response.status, content_type, body)


async def addresses_of(host: str, port: int) -> list[str]:
    """What the resolver says of a host now; raises `OSError`."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _guarded_backend(*, is_allowed: bool) -> Any:
    """A network backend that connects to addresses which were checked, and to no others."""
    import httpcore
    from httpcore._backends.auto import AutoBackend

    class GuardedBackend(httpcore.AsyncNetworkBackend):
        def __init__(self) -> None:
            self._inner = AutoBackend()

        async def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Any = None,
        ) -> httpcore.AsyncNetworkStream:
            addresses = await addresses_of(host, port)
            if not is_allowed and not all(is_public(address) for address in addresses):
                raise FetchError("the host has an address that is not public")
            error: Exception = FetchError("the host has no address")
            for address in addresses[:2]:
                try:
                    return await self._inner.connect_tcp(
                        address, port, timeout, local_address, socket_options
                    )
                except httpcore.ConnectError as failed:
                    error = failed
            raise error

        async def connect_unix_socket(
            self, path: str, timeout: float | None = None, socket_options: Any = None
        ) -> httpcore.AsyncNetworkStream:
            raise FetchError("no sockets")

        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(seconds)

    return GuardedBackend()
