"""Peers that are slow, endless, or speak something else (SECURITY_BAR row 43)."""

import asyncio

import pytest

from app.outbound.http import FetchError, OutboundHttp
from tests.support.machine import scaled
from tests.support.peer import HOST, Answer, Authority, Behaviour, Peer

pytestmark = pytest.mark.timing

IN_A_MOMENT = 0.3  # seconds: the time limit where a test waits for it


async def _say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def _drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _drip_headers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _say_wait(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("behaviour", [_say_nothing, _drip, _drip_headers, _say_wait])
async def test_a_slow_peer_times_out(
    behaviour: Behaviour, authority: Authority, peer: Peer
) -> None:
    """SECURITY_BAR row 43: one time limit over all"""
    peer.answers["/"] = behaviour
    outbound = OutboundHttp(
        allowed_hosts=[HOST], ca_file=authority.ca_file, timeout=scaled(IN_A_MOMENT)
    )

    with pytest.raises(FetchError, match="in time"):
        await outbound.get(peer.url())


async def _never_end(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
        await writer.drain()


async def _never_end_without_length(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 0x1000)
        await writer.drain()


async def _never_end_headers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: " + b"y" * 0x1000 + b"\r\n")
        await writer.drain()


@pytest.mark.parametrize(
    ("behaviour", "problem"),
    [
        (_never_end, "too large"),
        (_never_end_without_length, "too large"),
        (_never_end_headers, "no response: RemoteProtocolError"),
    ],
)
async def test_an_endless_response_is_aborted(
    behaviour: Behaviour, problem: str, outbound: OutboundHttp, peer: Peer
) -> None:
    """SECURITY_BAR row 43"""
    peer.answers["/"] = behaviour

    with pytest.raises(FetchError, match=problem):
        await outbound.get(peer.url())


async def test_a_body_at_the_size_limit_is_accepted_and_a_longer_one_is_refused(
    outbound: OutboundHttp, peer: Peer
) -> None:
    """SECURITY_BAR row 43"""
    peer.answers["/limit"] = Answer(b"x" * 100)
    peer.answers["/more"] = Answer(b"x" * 101)

    assert len((await outbound.get(peer.url("/limit"), limit=100)).body) == 100
    with pytest.raises(FetchError, match="too large"):
        await outbound.get(peer.url("/more"), limit=100)


async def test_a_compressed_body_is_not_decompressed(outbound: OutboundHttp, peer: Peer) -> None:
    """SECURITY_BAR row 43: what is small on the wire stays small"""
    peer.answers["/"] = Answer(b"\x1f\x8b bomb", headers={"Content-Encoding": "gzip"})

    fetched = await outbound.get(peer.url())

    assert fetched.body == b"\x1f\x8b bomb"


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _hang_up_within(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    await writer.drain()


async def _speak_something_else(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()


@pytest.mark.parametrize("behaviour", [_hang_up, _hang_up_within, _speak_something_else])
async def test_a_peer_that_hangs_up_or_does_not_speak_http_is_an_error(
    behaviour: Behaviour, outbound: OutboundHttp, peer: Peer
) -> None:
    peer.answers["/"] = behaviour

    with pytest.raises(FetchError, match="no response"):
        await outbound.get(peer.url())
