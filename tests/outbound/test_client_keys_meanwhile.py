"""Keys that were fetched before stay usable while they are fetched again; busy is not wrong."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextvars import ContextVar
from datetime import timedelta

import pytest
import pytest_asyncio

from app.outbound import host_slots, http
from app.outbound.http import BusyError, FetchError, OutboundHttp
from app.services.clients import client_keys
from app.services.clients.client_keys import ClientKeys
from tests.conftest import AppFactory
from tests.protocol.assertions_of_clients import SigningClient, signing_client
from tests.support.application import Application
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import jwks, signing_key
from tests.support.clients import client_with
from tests.support.clock import FakeClock
from tests.support.machine import scaled
from tests.support.parts import services_of
from tests.support.peer import HOST, Answer, Authority, Peer
from tests.support.waiting import eventually

DATABASES = ("sqlite",)
ONE, TWO = signing_key(name="one"), signing_key(name="two")


class Gate:
    """A path of the peer that answers only once it is open."""

    def __init__(self, peer: Peer, path: str) -> None:
        self._peer, self._path = peer, path
        self.is_open = asyncio.Event()
        peer.answers[path] = self._wait

    async def _wait(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.is_open.wait()
        body = json.dumps(jwks(TWO))
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def keys(outbound: OutboundHttp, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> ClientKeys:
    monkeypatch.setattr(client_keys, "PATIENCE", 0.05)
    return ClientKeys(outbound, clock)


async def test_cached_keys_are_used_while_newer_ones_are_being_fetched(
    keys: ClientKeys, peer: Peer, clock: FakeClock
) -> None:
    """OpenID Connect Core section 10.1.1"""
    client = client_with(jwks_uri=peer.url("/jwks"))
    peer.answers["/jwks"] = Answer(json.dumps(jwks(ONE)))
    await keys.keys_of(client, kid=ONE.kid)
    clock.advance(seconds=301)
    gate = Gate(peer, "/jwks")

    meanwhile = await keys.keys_of(client, kid=ONE.kid)
    gate.is_open.set()
    await eventually(lambda: _has(keys, peer, TWO.kid))

    assert [key["kid"] for key in meanwhile] == [ONE.kid]
    assert peer.count("/jwks") == 2


async def _has(keys: ClientKeys, peer: Peer, kid: str) -> bool:
    found = await keys.keys_of(client_with(jwks_uri=peer.url("/jwks")), kid=None)
    return [key["kid"] for key in found] == [kid]


async def test_keys_that_expired_long_ago_are_not_used_during_a_fetch(
    keys: ClientKeys, peer: Peer, clock: FakeClock
) -> None:
    """A key that the client withdrew must not come back because its host is slow"""
    client = client_with(jwks_uri=peer.url("/jwks"))
    peer.answers["/jwks"] = Answer(json.dumps(jwks(ONE)))
    await keys.keys_of(client, kid=ONE.kid)
    clock.advance(seconds=(client_keys.USABLE_MEANWHILE + timedelta(seconds=1)).total_seconds())
    gate = Gate(peer, "/jwks")

    asked = asyncio.create_task(keys.keys_of(client, kid=ONE.kid))
    await eventually(lambda: peer.count("/jwks") == 2)
    gate.is_open.set()

    assert [key["kid"] for key in await asked] == [TWO.kid]


async def test_one_client_and_one_network_may_use_a_quarter_of_the_slots_of_a_host(
    authority: Authority, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY_BAR row 43: one party's slowness in what others share"""
    outbound = OutboundHttp(allowed_hosts=[HOST], ca_file=authority.ca_file, timeout=scaled(60))
    gate = Gate(peer, "/gate")
    peer.answers["/"] = Answer("hello")
    party = ContextVar("party", default=("192.0.2.1", "one"))  # a task keeps that of its start
    monkeypatch.setattr(host_slots.request_context, "network", lambda: party.get()[0])
    monkeypatch.setattr(host_slots.request_context, "client_id", lambda: party.get()[1])
    flood = [
        asyncio.create_task(outbound.get(peer.url("/gate"))) for _ in range(host_slots.AT_ONCE)
    ]
    await eventually(lambda: peer.count("/gate") == host_slots.OF_ONE_PARTY)
    party.set(("192.0.2.2", "other"))

    fetched = await outbound.get(peer.url())

    assert fetched.body == b"hello"
    assert peer.count("/gate") == host_slots.OF_ONE_PARTY
    gate.is_open.set()
    await asyncio.gather(*flood)


async def test_a_host_is_reported_as_busy_only_if_other_callers_use_its_slots(
    authority: Authority, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY_BAR row 43"""
    gate = Gate(peer, "/gate")
    outbound = OutboundHttp(allowed_hosts=[HOST], ca_file=authority.ca_file, timeout=scaled(60))
    monkeypatch.setattr(host_slots.request_context, "client_id", lambda: "one")
    own = [
        asyncio.create_task(outbound.get(peer.url("/gate"))) for _ in range(host_slots.OF_ONE_PARTY)
    ]
    await eventually(lambda: peer.count("/gate") == host_slots.OF_ONE_PARTY)
    monkeypatch.setattr(outbound, "_timeout", 0.05)

    with pytest.raises(FetchError) as of_itself:
        await outbound.get(peer.url("/gate"))
    monkeypatch.setattr(host_slots.request_context, "client_id", lambda: "other")
    monkeypatch.setattr(host_slots, "AT_ONCE", 0)
    with pytest.raises(BusyError):
        await OutboundHttp(allowed_hosts=[HOST], ca_file=authority.ca_file, timeout=0.05).get(
            peer.url("/gate")
        )

    assert not isinstance(of_itself.value, BusyError)
    gate.is_open.set()
    await asyncio.gather(*own)


@pytest_asyncio.fixture
async def busy(
    start_app: AppFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SigningClient]:
    """A client whose keys cannot be fetched, because others hold all slots at their host."""
    app: Application = await start_app(token_error_limit=1)

    async def get(*_: object, **__: object) -> http.Fetched:
        raise BusyError("too many concurrent requests to this host")

    monkeypatch.setattr(services_of(app).core.outbound, "get", get)
    yield await signing_client(app, jwks_uri="https://shared.example/jwks")


async def test_an_assertion_that_cannot_be_checked_gets_a_503_and_is_not_rate_limited(
    busy: SigningClient,
) -> None:
    """RFC 6749 section 4.1.2.1: temporarily_unavailable"""
    for _ in range(4):  # more than the limit of errors
        answer = await busy.token()

        assert_oauth_error(answer, "temporarily_unavailable", status=503)
        assert int(answer.headers["retry-after"]) > 0


async def test_a_request_object_that_cannot_be_checked_is_not_rate_limited(
    busy: SigningClient,
) -> None:
    """RFC 6749 section 4.1.2.1"""
    request = busy.key.sign({"response_type": "code"})
    for _ in range(4):
        answer = await busy.app.http.get(
            "/authorize", params={"client_id": busy.client_id, "request": request}
        )

        assert answer.status_code == 303
        assert "error=temporarily_unavailable" in answer.headers["location"]
