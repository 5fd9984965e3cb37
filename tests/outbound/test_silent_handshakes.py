"""Peers that accept a connection and never answer in the TLS handshake."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.outbound.http import FetchError, OutboundHttp
from tests.support.peer import HOST
from tests.support.waiting import eventually

IN_A_MOMENT = 0.3  # seconds: the time limit of a request


class SilentPeer:
    """A peer that reads until its caller closes the connection."""

    def __init__(self) -> None:
        self.port = 0
        self.opened = self.closed = 0

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}/"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        with contextlib.suppress(ConnectionError):
            await reader.read()
        self.closed += 1
        writer.close()


@pytest_asyncio.fixture
async def silent_peer() -> AsyncIterator[SilentPeer]:
    made = SilentPeer()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


async def test_the_connection_is_closed_at_the_time_limit(silent_peer: SilentPeer) -> None:
    """SECURITY_BAR row 43: limits on open connections hold for hosts that never answer"""
    outbound = OutboundHttp(allowed_hosts=[HOST], timeout=IN_A_MOMENT)

    with pytest.raises(FetchError, match="in time") as error:
        await outbound.get(silent_peer.url)

    await eventually(lambda: silent_peer.opened == silent_peer.closed == 1)
    assert error.value is not None  # its traceback kept the connection until now


async def test_the_connection_is_closed_when_the_caller_goes_away(
    silent_peer: SilentPeer,
) -> None:
    outbound = OutboundHttp(allowed_hosts=[HOST], timeout=60)
    request = asyncio.create_task(outbound.get(silent_peer.url))
    await eventually(lambda: silent_peer.opened == 1)

    request.cancel()
    with pytest.raises(asyncio.CancelledError) as error:
        await request

    await eventually(lambda: silent_peer.closed == 1)
    assert error.value is not None  # its traceback kept the connection until now
