"""The public keys of clients, fetched from their `jwks_uri` (OpenID Connect Core section 10)."""

import asyncio
import json
from typing import Any

import pytest

from app.models.clients.clients import Client
from app.outbound.http import FetchError, OutboundHttp
from app.services.clients import client_keys
from app.services.clients.client_keys import MAXIMUM_KEYS, ClientKeys
from tests.support.client_jwts import jwks, signing_key
from tests.support.clients import client_with
from tests.support.clock import FakeClock
from tests.support.peer import Answer, Peer

ONE, TWO = signing_key(name="one"), signing_key(name="two")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def keys(outbound: OutboundHttp, clock: FakeClock) -> ClientKeys:
    return ClientKeys(outbound, clock)


@pytest.fixture
def client(peer: Peer) -> Client:
    """Its keys are at the peer's /jwks, where there is one to begin with."""
    publish(peer, jwks(ONE))
    return client_with(jwks_uri=peer.url("/jwks"))


def publish(peer: Peer, key_set: Any, path: str = "/jwks") -> None:
    peer.answers[path] = Answer(key_set if isinstance(key_set, str) else json.dumps(key_set))


async def kids(keys: ClientKeys, client: Client, kid: str | None = None) -> list[Any]:
    return [key["kid"] for key in await keys.keys_of(client, kid=kid)]


async def test_registered_keys_are_used_without_fetching(keys: ClientKeys, peer: Peer) -> None:
    assert await kids(keys, client_with(jwks=jwks(ONE, TWO))) == [ONE.kid, TWO.kid]
    assert await kids(keys, client_with()) == []
    assert peer.connections == 0


async def test_fetched_keys_are_cached_for_five_minutes(
    keys: ClientKeys, client: Client, peer: Peer, clock: FakeClock
) -> None:
    assert await kids(keys, client, ONE.kid) == [ONE.kid]
    clock.advance(seconds=300)
    assert await kids(keys, client, ONE.kid) == [ONE.kid]
    assert peer.count("/jwks") == 1

    clock.advance(seconds=1)
    publish(peer, jwks(TWO))

    assert await kids(keys, client, ONE.kid) == [TWO.kid]
    assert peer.count("/jwks") == 2


async def test_an_unknown_kid_triggers_another_fetch(
    keys: ClientKeys, client: Client, peer: Peer, clock: FakeClock
) -> None:
    """OpenID Connect Core section 10.1.1: a client may change its keys at any time"""
    await kids(keys, client, ONE.kid)
    publish(peer, jwks(ONE, TWO))
    clock.advance(seconds=5)

    assert await kids(keys, client, TWO.kid) == [ONE.kid, TWO.kid]


async def test_unknown_kids_trigger_at_most_one_fetch_every_five_seconds(
    keys: ClientKeys, client: Client, peer: Peer, clock: FakeClock
) -> None:
    """SECURITY_BAR row 43: whoever makes up a kid is no hammer on somebody's server"""
    await kids(keys, client, ONE.kid)
    clock.advance(seconds=5)

    for number in range(10):
        assert await kids(keys, client, f"made-up-{number}") == [ONE.kid]

    assert peer.count("/jwks") == 2


async def test_concurrent_callers_share_one_fetch(
    keys: ClientKeys, client: Client, peer: Peer
) -> None:
    """SECURITY_BAR row 43"""
    answers = await asyncio.gather(*(kids(keys, client) for _ in range(20)))

    assert answers == [[ONE.kid]] * 20
    assert peer.count("/jwks") == 1


async def test_a_cancelled_caller_does_not_cancel_the_fetch_for_others(
    keys: ClientKeys, client: Client, peer: Peer
) -> None:
    first = asyncio.create_task(kids(keys, client))
    second = asyncio.create_task(kids(keys, client))
    await asyncio.sleep(0)
    first.cancel()

    assert await second == [ONE.kid]
    assert first.cancelled()


async def test_a_failed_fetch_is_cached_for_five_seconds(
    keys: ClientKeys, client: Client, peer: Peer, clock: FakeClock
) -> None:
    """SECURITY_BAR row 43"""
    peer.answers["/jwks"] = Answer(status=500)
    for _ in range(3):
        with pytest.raises(FetchError):
            await kids(keys, client)
    assert peer.count("/jwks") == 1

    clock.advance(seconds=5)
    publish(peer, jwks(ONE))

    assert await kids(keys, client) == [ONE.kid]


async def test_cached_keys_survive_a_failed_fetch_until_they_expire(
    keys: ClientKeys, client: Client, peer: Peer, clock: FakeClock
) -> None:
    await kids(keys, client)
    peer.answers["/jwks"] = Answer(status=503)
    clock.advance(seconds=5)
    assert await kids(keys, client, "made up") == [ONE.kid]
    assert peer.count("/jwks") == 2

    clock.advance(seconds=300)

    with pytest.raises(FetchError):
        await kids(keys, client)


async def test_a_clock_that_is_set_back_does_not_extend_the_cache_lifetime(
    keys: ClientKeys, client: Client, peer: Peer, clock: FakeClock
) -> None:
    await kids(keys, client)
    clock.advance(seconds=-3600)
    publish(peer, jwks(TWO))

    assert await kids(keys, client) == [TWO.kid]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[]",
        "null",
        "{}",
        '{"keys": {}}',
        '{"keys": [], "x": NaN}',
        '{"keys": ["\\ud800"]}',
        "[" * 60_000,
        '{"keys": [' + '{"x":' * 30 + "1" + "}" * 30 + "]}",
        "\x00",
    ],
)
async def test_an_invalid_jwk_set_is_refused(
    body: str, keys: ClientKeys, client: Client, peer: Peer
) -> None:
    """SECURITY_BAR row 43"""
    publish(peer, body)

    with pytest.raises(FetchError):
        await keys.keys_of(client, kid=None)


@pytest.mark.parametrize("status", [204, 301, 302, 404, 500])
async def test_keys_are_read_only_from_a_successful_response(
    status: int, keys: ClientKeys, client: Client, peer: Peer
) -> None:
    """SECURITY_BAR row 43"""
    publish(peer, jwks(TWO), "/elsewhere")
    headers = {"Location": peer.url("/elsewhere")}
    peer.answers["/jwks"] = Answer(json.dumps(jwks(ONE)), status=status, headers=headers)

    with pytest.raises(FetchError):
        await keys.keys_of(client, kid=None)

    assert peer.count("/elsewhere") == 0


async def test_private_symmetric_and_malformed_keys_are_ignored(
    keys: ClientKeys, client: Client, peer: Peer
) -> None:
    """SECURITY_BAR row 42: a published private half, a symmetric key, what is no key"""
    publish(peer, {"keys": [ONE.private, {"kty": "oct", "k": "c2VjcmV0"}, "key", 7, TWO.public]})

    assert await kids(keys, client) == [TWO.kid]


async def test_the_number_of_keys_used_from_a_set_is_limited(
    keys: ClientKeys, client: Client, peer: Peer
) -> None:
    publish(peer, {"keys": [{"kty": "EC", "kid": str(number)} for number in range(500)]})

    assert len(await keys.keys_of(client, kid=None)) == MAXIMUM_KEYS


async def test_the_number_of_cached_key_sets_is_limited_and_the_oldest_is_evicted(
    outbound: OutboundHttp, clock: FakeClock, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_keys, "CACHE_SIZE", 2)
    keys = ClientKeys(outbound, clock)
    clients = [client_with(jwks_uri=peer.url(f"/{number}")) for number in range(3)]
    for number in range(3):
        publish(peer, jwks(ONE), f"/{number}")

    for number in (0, 1, 2, 2, 1, 0):
        await kids(keys, clients[number])

    assert [peer.count(f"/{number}") for number in range(3)] == [2, 1, 1]


async def test_keys_are_fetched_again_if_they_lack_what_is_wanted(
    keys: ClientKeys, client: Client, peer: Peer, clock: FakeClock
) -> None:
    """RFC 8705 section 2.2: a client can replace its certificate at once"""

    def has_the_second(found: Any) -> bool:
        return any(key["kid"] == TWO.kid for key in found)

    assert [key["kid"] for key in await keys.keys_with(client, has_the_second)] == [ONE.kid]
    publish(peer, jwks(ONE, TWO))
    clock.advance(seconds=6)

    assert has_the_second(await keys.keys_with(client, has_the_second))
    assert has_the_second(await keys.keys_with(client, has_the_second))
    assert peer.count("/jwks") == 2
