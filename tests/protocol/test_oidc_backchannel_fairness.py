"""Logout tokens for many clients: one that does not answer delays nobody (SECURITY_BAR row 43)."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import insert

from app.models.oauth.logout_notices import logout_notices
from app.oauth.backchannel_logout import AT_ONCE_OF_CLIENT
from tests.conftest import AppFactory
from tests.protocol.logout_peers import Told, is_done, sign_out, told_client
from tests.support.application import Application, TestUser
from tests.support.parts import services_of
from tests.support.peer import HOST, Authority, Peer, running_peer
from tests.support.visitor import Visitor
from tests.support.waiting import eventually

pytestmark = pytest.mark.both_databases

WAITING = 30


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest_asyncio.fixture
async def peer(authority: Authority) -> AsyncIterator[Peer]:
    async with running_peer(authority) as made:
        yield made


@pytest_asyncio.fixture
async def app(start_app: AppFactory, authority: Authority) -> Application:
    app = await start_app(outbound_allowed_hosts=(HOST,), outbound_ca_file=authority.ca_file)
    services_of(app).core.outbound._timeout = 600  # an attempt lasts as long as the test wants
    return app


async def add_notices(app: Application, told: Told, count: int) -> None:
    now = app.clock.now()
    rows = [
        {
            "notice_id": f"{told.client.client_id}-{number}",
            "client_id": told.client.client_id,
            "user_id": "a-user",
            "session_id": f"a-session-{number}",
            "attempts": 0,
            "next_attempt_at": now,
            "created_at": now,
        }
        for number in range(count)
    ]
    async with services_of(app).core.database.transaction() as connection:
        await connection.execute(insert(logout_notices), rows)


@pytest.mark.slow
async def test_an_unresponsive_client_does_not_delay_other_clients(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser
) -> None:
    go_on = asyncio.Event()

    async def never(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await go_on.wait()

    silent = await told_client(app, peer, "/silent", answer=never)
    other = await told_client(app, peer, "/other")
    await add_notices(app, silent, WAITING)
    services_of(app).oauth.logout_delivery.kick()
    await eventually(lambda: silent.count == AT_ONCE_OF_CLIENT)

    await visitor.tokens_for(other.client, user)
    await sign_out(visitor)  # while all that the silent client may have is under way
    await eventually(lambda: other.count == 1)
    await eventually(lambda: is_done(app, other.client))

    assert silent.count == AT_ONCE_OF_CLIENT
    go_on.set()


@pytest.mark.slow
async def test_all_notices_of_one_client_are_delivered_with_limited_concurrency(
    app: Application, peer: Peer
) -> None:
    busy, most = 0, 0

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.01)
        busy -= 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    told = await told_client(app, peer, answer=answer)
    await add_notices(app, told, WAITING)

    services_of(app).oauth.logout_delivery.kick()
    await eventually(lambda: is_done(app, told.client))

    assert told.count == WAITING
    assert most <= AT_ONCE_OF_CLIENT
