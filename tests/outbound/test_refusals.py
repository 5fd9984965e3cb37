"""What is not fetched, whoever asks (SECURITY_BAR row 43)."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from app.outbound.http import FetchError, OutboundHttp
from tests.outbound.conftest import Resolver
from tests.support.peer import HOST, OTHER_HOST, Answer, Authority, Peer


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "169.254.169.254",
        "10.0.0.1",
    ],
)
async def test_a_url_of_an_internal_host_is_refused_in_any_spelling(
    host: str, authority: Authority, peer: Peer
) -> None:
    """SECURITY_BAR row 43"""
    outbound = OutboundHttp(allowed_hosts=(), ca_file=authority.ca_file)

    with pytest.raises(FetchError, match=r"not public|cannot be fetched: (gaierror|Unicode)"):
        await outbound.get(peer.url(host=host))

    assert peer.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["224.0.0.1"],
        ["::1"],
        ["fd00::1"],
        ["fe80::1%eth0"],
        ["::ffff:10.0.0.1"],
        ["2002:7f00:1::"],
        ["64:ff9b::a9fe:a9fe"],
        ["93.184.216.34", "127.0.0.1"],
    ],
)
async def test_a_name_that_resolves_to_an_internal_ip_is_refused(
    addresses: list[str], resolver: Resolver, peer: Peer
) -> None:
    """SECURITY_BAR row 43: one such address among several is enough"""
    resolver.answers = [addresses]

    with pytest.raises(FetchError, match="not public"):
        await OutboundHttp().get(peer.url(host="innocent.example"))

    assert peer.connections == 0


async def test_a_name_is_resolved_once_so_that_dns_rebinding_has_no_effect(
    world: Callable[[], OutboundHttp], resolver: Resolver, peer: Peer
) -> None:
    """SECURITY_BAR row 43: DNS rebinding"""
    resolver.answers = [["127.0.0.1"], ["169.254.169.254"]]
    peer.answers["/"] = Answer("hello")
    outbound = world()

    first = await outbound.get(peer.url(host=OTHER_HOST))

    assert first.body == b"hello"
    assert resolver.asked == [OTHER_HOST]
    with pytest.raises(FetchError, match="not public"):
        await outbound.get(peer.url(host=OTHER_HOST))


@pytest.mark.parametrize("allowed", ["localhost.example", "host", "example.localhost", "*"])
async def test_the_name_of_an_allowed_host_must_match_exactly(allowed: str, peer: Peer) -> None:
    with pytest.raises(FetchError, match="not public"):
        await OutboundHttp(allowed_hosts=[allowed]).get(peer.url())


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "HTTP://example.com/",
        "ftp://localhost/",
        "file:///etc/passwd",
        "gopher://localhost:70/_",
        "//localhost/",
        "localhost",
        "",
        "https://",
        "https:///path",
        "https://user@localhost/",
        "https://localhost:443@169.254.169.254/",
        "https://localhost\\@169.254.169.254/",
        "https://localhost/\\",
        "https://localhost/a b",
        " https://localhost/",
        "https://localhost/\r\nX-Evil: 1",
        "https://local\thost/",
        "https://localhost/\x00",
        "https://localhost:0/",
        "https://localhost:99999/",
        "https://localhost:port/",
        "https://[::1/",
        "https://münchen.example/",
        "https://localhost/\ud800",
    ],
)
async def test_a_url_that_is_not_a_plain_https_url_is_refused(url: str) -> None:
    """SECURITY_BAR row 43"""
    with pytest.raises(FetchError, match=r"^not (a URL|https)"):
        await OutboundHttp(allowed_hosts=[HOST]).get(url)


async def test_a_name_that_does_not_resolve_is_a_fetch_error(
    outbound: OutboundHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def knows_nothing(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(FetchError, match="cannot be fetched"):
        await outbound.get(f"https://{'a' * 70}.example/")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", knows_nothing)
    with pytest.raises(FetchError, match="cannot be fetched"):
        await outbound.get("https://nobody.example/")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int, outbound: OutboundHttp, peer: Peer) -> None:
    """SECURITY_BAR row 43"""
    peer.answers["/"] = Answer(status=status, headers={"Location": peer.url("/inside")})

    fetched = await outbound.get(peer.url())

    assert fetched.status == status
    assert peer.count("/inside") == 0


async def test_a_certificate_of_an_unknown_authority_is_refused(peer: Peer) -> None:
    with pytest.raises(FetchError, match="CERTIFICATE_VERIFY_FAILED"):
        await OutboundHttp(allowed_hosts=[HOST]).get(peer.url())

    assert peer.seen == []


async def test_a_certificate_for_another_name_is_refused(
    authority: Authority, resolver: Resolver, peer: Peer
) -> None:
    resolver.answers = [["127.0.0.1"]]
    outbound = OutboundHttp(allowed_hosts=["other.example"], ca_file=authority.ca_file)

    with pytest.raises(FetchError, match="CERTIFICATE_VERIFY_FAILED"):
        await outbound.get(peer.url(host="other.example"))


async def test_the_configured_ca_is_trusted_for_allowed_hosts_only(
    authority: Authority,
    world: Callable[[], OutboundHttp],
    resolver: Resolver,
    peer: Peer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SECURITY_BAR row 43"""
    resolver.answers = [["127.0.0.1"]]
    world()
    monkeypatch.delenv("SSL_CERT_FILE")
    outbound = OutboundHttp(allowed_hosts=[HOST], ca_file=authority.ca_file)

    with pytest.raises(FetchError, match="CERTIFICATE_VERIFY_FAILED"):
        await outbound.get(peer.url(host=OTHER_HOST))
