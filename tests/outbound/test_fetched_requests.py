"""Request objects that were fetched are cached (OpenID Connect Core section 6.2)."""

import asyncio

import pytest

from app.oauth.errors import InvalidRequestObjectError, InvalidRequestUriError
from app.oauth.request_objects import RequestObjects
from app.outbound.http import OutboundHttp
from tests.outbound.request_objects import a_client, objects_with, signed
from tests.support.clock import FakeClock
from tests.support.peer import Answer, Peer


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def objects(outbound: OutboundHttp, clock: FakeClock) -> RequestObjects:
    return objects_with(outbound, clock)


async def test_a_request_object_is_fetched_at_most_once_a_minute(
    objects: RequestObjects, peer: Peer, clock: FakeClock
) -> None:
    """Also where many browsers ask at the same time"""
    peer.answers["/request"] = Answer(signed())
    client, uri = a_client(request_uris=[peer.url("/request")]), peer.url("/request")

    await asyncio.gather(*(objects.fetch(client, uri) for _ in range(20)))
    clock.advance(seconds=59)
    await objects.fetch(client, uri)
    assert peer.count("/request") == 1

    clock.advance(seconds=2)
    peer.answers["/request"] = Answer(signed(state="another"))
    assert (await objects.fetch(client, uri))["state"] == "another"
    assert peer.count("/request") == 2


async def test_each_fragment_is_cached_as_a_separate_request_object(
    objects: RequestObjects, peer: Peer
) -> None:
    """The fragment is a hash of the object: a client changes it with the object"""
    peer.answers["/request"] = Answer(signed())
    client = a_client(request_uris=[peer.url("/request")])
    await objects.fetch(client, peer.url("/request#one"))
    peer.answers["/request"] = Answer(signed(state="another"))

    assert (await objects.fetch(client, peer.url("/request#two")))["state"] == "another"
    assert (await objects.fetch(client, peer.url("/request#one")))["state"] == "s"


async def test_a_request_object_is_cached_for_one_client(
    objects: RequestObjects, peer: Peer
) -> None:
    """What one client's URI answered says nothing about another client"""
    peer.answers["/request"] = Answer(signed())
    uris = [peer.url("/request")]
    await objects.fetch(a_client(request_uris=uris), uris[0])

    with pytest.raises(InvalidRequestObjectError):
        await objects.fetch(a_client(request_uris=uris)._replace(client_id="other"), uris[0])

    assert peer.count("/request") == 2


async def test_a_refusal_is_cached_for_ten_seconds(
    objects: RequestObjects, peer: Peer, clock: FakeClock
) -> None:
    """SECURITY_BAR row 43: what cannot be fetched, and what is refused after it was"""
    uris = [peer.url("/missing"), peer.url("/forged")]
    peer.answers["/forged"] = Answer(signed()[:-8] + "AAAAAAAA")
    client = a_client(request_uris=uris)
    for _ in range(3):
        with pytest.raises(InvalidRequestUriError):
            await objects.fetch(client, uris[0])
        with pytest.raises(InvalidRequestObjectError):
            await objects.fetch(client, uris[1])
    assert (peer.count("/missing"), peer.count("/forged")) == (1, 1)

    clock.advance(seconds=11)
    peer.answers["/forged"] = peer.answers["/missing"] = Answer(signed())

    assert (await objects.fetch(client, uris[0]))["state"] == "s"
    assert (await objects.fetch(client, uris[1]))["state"] == "s"
