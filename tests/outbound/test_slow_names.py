"""Names that resolve slowly delay nobody but the client that registered them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.protocol.assertions_of_clients import SigningClient, signing_client
from tests.support.application import Application
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import jwks, signing_key
from tests.support.databases import Databases
from tests.support.machine import scaled_now
from tests.support.parts import services_of
from tests.support.peer import HOST, Answer, Authority, Peer
from tests.support.silent_dns import SLOW, SilentServer, slow_names
from tests.support.tcp_proxy import TcpProxy, proxy_before
from tests.support.waiting import eventually

NAMES = 100
SECONDS = 2.0
pytestmark = pytest.mark.timing


@pytest_asyncio.fixture
async def proxy(
    databases: Databases, database_kind: str
) -> AsyncIterator[tuple[TcpProxy | None, str]]:
    """The URL of a database; that of PostgreSQL names its host, and goes through a proxy."""
    url = await databases.migrated(database_kind)
    if database_kind == "sqlite":
        yield None, url
        return
    async with proxy_before(url) as (made, through):
        yield made, through.replace("127.0.0.1", "localhost")


@pytest_asyncio.fixture
async def open_app(
    start_app: AppFactory, proxy: tuple[TcpProxy | None, str], authority: Authority
) -> Application:
    return await start_app(
        database_url=proxy[1], outbound_allowed_hosts=(HOST,), outbound_ca_file=authority.ca_file
    )


@pytest_asyncio.fixture
async def dns(
    open_app: Application, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SilentServer]:
    async with slow_names(services_of(open_app).core.host_names, monkeypatch) as server:
        yield server


async def client_with_slow_keys(app: Application, number: int) -> SigningClient:
    return await signing_client(app, jwks_uri=f"https://n{number}{SLOW}/jwks")


async def test_a_hundred_slow_dns_names_delay_neither_other_clients_nor_the_database(
    open_app: Application,
    dns: SilentServer,
    peer: Peer,
    proxy: tuple[TcpProxy | None, str],
) -> None:
    """SECURITY_BAR row 43: one party's slowness stays with that party"""
    key = signing_key()
    peer.answers["/jwks"] = Answer(json.dumps(jwks(key)))
    other = await signing_client(open_app, key, jwks_uri=peer.url("/jwks"))
    slow = [await client_with_slow_keys(open_app, number) for number in range(NAMES)]
    waiting = [asyncio.create_task(each.token()) for each in slow]
    await eventually(lambda: len(dns.asked) >= NAMES)

    started_at = time.monotonic()
    if proxy[0] is not None:
        await proxy[0].cut_all()
    first = await other.token()
    seconds = time.monotonic() - started_at
    await eventually(lambda: is_ready(open_app))
    answers = await asyncio.gather(*waiting)

    assert first.status_code == 200, first.text
    assert seconds < scaled_now(SECONDS)
    cut_off = {503} if proxy[0] is not None else set()  # those that counted at that moment
    assert {answer.status_code for answer in answers} <= {401} | cut_off


async def is_ready(app: Application) -> bool:
    return (await app.http.get("/health/ready")).status_code == 200


async def test_a_client_whose_host_does_not_resolve_is_rate_limited(
    start_app: AppFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY_BAR row 23: it is an invalid client, like one with a wrong key"""
    app = await start_app(token_error_limit=2)
    async with slow_names(services_of(app).core.host_names, monkeypatch):
        signer = await client_with_slow_keys(app, 0)
        answers = [await signer.token() for _ in range(3)]

    assert_oauth_error(answers[0], "invalid_client", status=401)
    assert_oauth_error(answers[1], "invalid_client", status=401)
    assert_oauth_error(answers[2], "too_many_requests", status=429)
