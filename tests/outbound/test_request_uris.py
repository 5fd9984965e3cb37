"""Request objects by reference (RFC 9101 section 5.2, OpenID Connect Core section 6.2)."""

from collections.abc import Sequence

import pytest

from app.oauth.errors import (
    InvalidRequestObjectError,
    InvalidRequestUriError,
    RequestUriNotSupportedError,
)
from app.oauth.request_objects import RequestObjects
from app.outbound.http import OutboundHttp
from tests.outbound.request_objects import a_client, objects_with, signed
from tests.support.client_jwts import signing_key, unsigned
from tests.support.clock import FakeClock
from tests.support.peer import Answer, Peer


@pytest.fixture
def objects(outbound: OutboundHttp) -> RequestObjects:
    return objects_with(outbound, FakeClock())


async def test_a_registered_uri_is_fetched(objects: RequestObjects, peer: Peer) -> None:
    key = signing_key("RS256")
    peer.answers["/request?n=1"] = Answer(
        key.sign({"state": "s"}) + "\n",
        headers={"Content-Type": "application/oauth-authz-req+jwt"},
    )
    client = a_client(request_uris=[peer.url("/other"), peer.url("/request?n=1")])

    assert await objects.fetch(client, peer.url("/request?n=1")) == {"state": "s"}


@pytest.mark.parametrize(
    ("registered", "asked"),
    [("/request#first", "/request#second"), ("/request", "/request#x"), ("/request#x", "/request")],
)
async def test_the_fragment_is_ignored_when_a_request_uri_is_matched(
    objects: RequestObjects, peer: Peer, registered: str, asked: str
) -> None:
    """OpenID Connect Registration section 2: it is a hash of the contents, for caches"""
    peer.answers["/request"] = Answer(signed())
    client = a_client(request_uris=[peer.url(registered)])

    assert (await objects.fetch(client, peer.url(asked)))["state"] == "s"


@pytest.mark.parametrize("asked", ["/requests", "/request?x=1", "/request/", "/Request", "/", ""])
async def test_a_uri_that_is_not_registered_is_never_fetched(
    objects: RequestObjects, peer: Peer, asked: str
) -> None:
    """SECURITY_BAR rows 28 and 43"""
    peer.answers[asked] = Answer(signed())
    client = a_client(request_uris=[peer.url("/request")])

    with pytest.raises(InvalidRequestUriError):
        await objects.fetch(client, peer.url(asked))
    with pytest.raises(InvalidRequestUriError):
        await objects.fetch(a_client(), peer.url("/request"))

    assert peer.connections == 0


async def test_a_registered_uri_with_an_internal_host_is_not_fetched(peer: Peer) -> None:
    """SECURITY_BAR rows 28 and 43"""
    objects = objects_with(OutboundHttp(), FakeClock())
    peer.answers["/request"] = Answer(signed())

    for uri in (peer.url("/request"), "http://169.254.169.254/latest/meta-data/"):
        with pytest.raises(InvalidRequestUriError):
            await objects.fetch(a_client(request_uris=[uri]), uri)

    assert peer.connections == 0


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=404),
        Answer(signed(), status=500),
        Answer(signed(), status=302, headers={"Location": "https://localhost/"}),
        Answer("x" * 65_537),
    ],
)
async def test_a_uri_that_cannot_be_fetched_is_an_invalid_request_uri(
    objects: RequestObjects, peer: Peer, answer: Answer
) -> None:
    """SECURITY_BAR row 43; RFC 9101 section 7"""
    peer.answers["/request"] = answer

    with pytest.raises(InvalidRequestUriError):
        await objects.fetch(a_client(request_uris=[peer.url("/request")]), peer.url("/request"))


async def test_an_unsigned_object_at_a_uri_is_not_supported(
    objects: RequestObjects, peer: Peer
) -> None:
    """SECURITY_BAR row 35; OpenID Connect Core section 3.1.2.6"""
    peer.answers["/request"] = Answer(unsigned({"state": "s"}))

    with pytest.raises(RequestUriNotSupportedError):
        await objects.fetch(a_client(request_uris=[peer.url("/request")]), peer.url("/request"))


@pytest.mark.parametrize(
    "bodies",
    [
        (b"", b"no jwt", b"\xff\xfe\x00", b"\xc3\xa4.\xc3\xb6.\xc3\xbc", b"{}"),
        (signed(aud="https://other.example").encode(), signed(iss="another-client").encode()),
        (signing_key(name="a stranger's").sign({"state": "s"}).encode(),),
    ],
)
async def test_a_fetched_document_must_be_a_request_object_of_the_client(
    objects: RequestObjects, peer: Peer, bodies: Sequence[bytes]
) -> None:
    client = a_client(request_uris=[peer.url("/request")])

    for body in bodies:
        peer.answers["/request"] = Answer(body)
        with pytest.raises(InvalidRequestObjectError):
            await objects.fetch(client, peer.url("/request"))
