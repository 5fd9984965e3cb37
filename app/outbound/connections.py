"""Connections to checked addresses only. Imported late, because it imports httpcore."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any, Self

import httpcore

from app.outbound.errors import FetchError
from app.outbound.ip_addresses import is_public
from app.outbound.names import HostNames, one_of_each_family


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """A network backend that resolves a name once and connects to one of the checked addresses.

    Later responses of the resolver have no effect (DNS rebinding). On exit it closes what it
    opened: httpcore forgets a connection that is interrupted during the TLS handshake, and the
    socket would stay open until the garbage collector runs.
    """

    def __init__(self, host_names: HostNames, *, may_be_private: bool, timeout: float) -> None:
        self._host_names = host_names
        self._may_be_private = may_be_private
        self._timeout = timeout
        self._inner = httpcore.AnyIOBackend()
        self._streams = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._streams.aclose()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._host_names.addresses_of(host, port)
        if not self._may_be_private and not all(map(is_public, addresses)):
            raise FetchError("the host has an address that is not public")
        error: Exception = FetchError("the host has no address")
        for address in one_of_each_family(addresses):
            try:
                stream = await self._inner.connect_tcp(
                    address, port, self._timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                error = failure
            else:
                self._streams.push_async_callback(stream.aclose)
                return stream
        raise error

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Any = None
    ) -> httpcore.AsyncNetworkStream:
        raise FetchError("Unix sockets are not allowed")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
