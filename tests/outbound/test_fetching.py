"""What is fetched, from a real peer over TLS."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from app.outbound.http import AT_ONCE, FetchError, OutboundHttp
from tests.outbound.conftest import Resolver
from tests.support.machine import scaled
from tests.support.peer import HOST, OTHER_HOST, Answer, Authority, Peer, running_peer
from tests.support.waiting import eventually

pytestmark = pytest.mark.timing


async def test_an_allowed_host_is_fetched_over_tls(outbound: OutboundHttp, peer: Peer) -> None:
    peer.answers["/jwks;v=1?of=us"] = Answer(
        '{"keys":[]}', headers={"Content-Type": "Application/JSON; charset=utf-8"}
    )

    fetched = await outbound.get(peer.url("/jwks;v=1?of=us#part"))

    assert fetched[:3] == (200, "application/json", b'{"keys":[]}')
    assert fetched.headers["content-length"] == "11"
    assert peer.seen[0].method == "GET"
    assert peer.seen[0].headers["host"] == f"localhost:{peer.port}"
    assert peer.seen[0].headers["accept-encoding"] == "identity"


async def test_a_public_host_is_fetched_without_being_allowed_explicitly(
    world: Callable[[], OutboundHttp], resolver: Resolver, peer: Peer
) -> None:
    resolver.answers = [["127.0.0.1"]]
    peer.answers["/"] = Answer("hello")

    fetched = await world().get(peer.url(host=OTHER_HOST))

    assert fetched[:3] == (200, "", b"hello")


async def test_a_form_is_posted(outbound: OutboundHttp, peer: Peer) -> None:
    peer.answers["/logout"] = Answer(status=204)

    status = await outbound.post_form(peer.url("/logout"), {"logout_token": "a.b+c", "x": "ä &"})

    assert status == 204
    assert peer.seen[0].method == "POST"
    assert peer.seen[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert peer.seen[0].body == b"logout_token=a.b%2Bc&x=%C3%A4+%26"


async def test_an_error_status_is_returned_and_not_raised(
    outbound: OutboundHttp, peer: Peer
) -> None:
    assert (await outbound.get(peer.url("/nothing"))).status == 404
    assert await outbound.post_form(peer.url("/nothing"), {}) == 404


async def test_an_allowed_host_may_use_plain_http(authority: Authority) -> None:
    async with running_peer(authority, tls=False) as plain:
        plain.answers["/"] = Answer("hello")

        fetched = await OutboundHttp(allowed_hosts=[HOST]).get(plain.url())

    assert fetched.body == b"hello"


@pytest.mark.parametrize("contents", [b"", b"no certificate", b"\xff\x00"])
async def test_a_ca_file_without_certificates_is_named_in_the_error(
    contents: bytes, tmp_path: Path, peer: Peer
) -> None:
    file = tmp_path / "authority.pem"
    file.write_bytes(contents)

    with pytest.raises(FetchError, match="OUTBOUND_CA_FILE"):
        await OutboundHttp(allowed_hosts=[HOST], ca_file=file).get(peer.url())


@pytest.mark.parametrize("written", ["LocalHost", "127.0.0.1", "[::1]"])
async def test_allowed_hosts_are_case_insensitive_and_may_be_ip_addresses(
    written: str, authority: Authority, peer: Peer
) -> None:
    peer.answers["/"] = Answer("hello")
    outbound = OutboundHttp(allowed_hosts=[written], ca_file=authority.ca_file)

    if written == "[::1]":  # nobody listens there, but it is let through
        with pytest.raises(FetchError, match="no response"):
            await outbound.get(peer.url(host=written))
    else:
        assert (await outbound.get(peer.url(host=written))).body == b"hello"


async def test_a_host_with_ipv4_and_ipv6_addresses_is_reached_by_the_one_that_works(
    outbound: OutboundHttp, resolver: Resolver, peer: Peer
) -> None:
    resolver.answers = [["::1", "fe80::1", "127.0.0.1"]]
    peer.answers["/"] = Answer("hello")

    fetched = await outbound.get(peer.url())

    assert fetched.body == b"hello"


async def test_proxy_settings_in_the_environment_are_ignored(
    outbound: OutboundHttp, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    peer.answers["/"] = Answer("hello")

    fetched = await outbound.get(peer.url())

    assert fetched.body == b"hello"


async def test_the_number_of_concurrent_requests_to_one_host_is_limited(
    authority: Authority, peer: Peer
) -> None:
    """SECURITY_BAR row 43: the server is not to be made a flood"""
    outbound = OutboundHttp(
        allowed_hosts=[HOST, "127.0.0.1"], ca_file=authority.ca_file, timeout=scaled(60)
    )
    gate = asyncio.Event()

    async def wait_at_the_gate(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    peer.answers["/gate"] = wait_at_the_gate
    peer.answers["/"] = Answer("hello")
    flood = [asyncio.create_task(outbound.get(peer.url("/gate"))) for _ in range(AT_ONCE + 10)]
    await eventually(lambda: peer.count("/gate") >= AT_ONCE)

    # others are served meanwhile, which takes longer than one more would have needed to arrive
    elsewhere = [await outbound.get(peer.url(host="127.0.0.1")) for _ in range(5)]
    at_the_gate = peer.count("/gate")
    gate.set()
    answers = await asyncio.gather(*flood)

    assert [answer.body for answer in elsewhere] == [b"hello"] * 5
    assert at_the_gate == AT_ONCE
    assert [answer.status for answer in answers] == [200] * (AT_ONCE + 10)
