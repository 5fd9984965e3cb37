"""A name server that never responds, and a system resolver that waits just as long."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.outbound.names import HostNames

SLOW = ".slow.test"


class SilentServer(asyncio.DatagramProtocol):
    """A name server that only collects the names it is queried for."""

    def __init__(self) -> None:
        self.asked: set[bytes] = set()

    def datagram_received(self, data: bytes, _: Any) -> None:
        self.asked.add(data[12:].partition(b"\x00")[0].lower())


@asynccontextmanager
async def slow_names(
    names: HostNames, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SilentServer]:
    """Leave all lookups of names below `SLOW` unanswered, in every resolver."""
    released = threading.Event()
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **named: Any) -> Any:
        if str(host).endswith(SLOW):
            released.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return real(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        SilentServer, local_addr=("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    monkeypatch.setattr(names, "_servers", [f"127.0.0.1:{port}"])
    try:
        yield server
    finally:
        released.set()
        transport.close()
