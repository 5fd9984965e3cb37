"""PostgreSQL with a replica: several hosts in DATABASE_URL, and a primary that is gone or hangs."""

import asyncio
import time
from collections.abc import Awaitable, Iterator

import httpx
import pytest

from tests.support.application import (
    Application,
    TestClient,
    TestUser,
    running_application,
)
from tests.support.databases import create_database, migrate_template
from tests.support.machine import scaled_now
from tests.support.postgresql import PostgresServer
from tests.support.replica import Replica, hanging
from tests.support.waiting import eventually

pytestmark = pytest.mark.timing

PROMOTION_SECONDS = 10


@pytest.fixture
def primary() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


async def url_of(primary: PostgresServer) -> str:
    url = await create_database(primary.url)
    await asyncio.to_thread(migrate_template, url)
    return url


def with_hosts(url: str, *servers: PostgresServer) -> str:
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    return f"postgresql://postgres@{hosts}/{url.rpartition('/')[2]}"


@pytest.mark.parametrize("fault", ["hangs", "stopped"])
async def test_writes_continue_after_a_replica_listed_first_is_promoted(
    primary: PostgresServer, fault: str
) -> None:
    """SECURITY_BAR row 3 (faults): while the primary is well, the replica is passed over."""
    url = await url_of(primary)
    replica = Replica(primary)
    try:
        replica.start()
        several = with_hosts(url, replica, primary)
        async with running_application(several, database_timeout=5.0) as app:
            client = await app.create_client()
            user = await app.enrolled_user()
            assert (await app.client_credentials(client)).status_code == 200

            if fault == "stopped":
                primary.stop()
                assert (await app.client_credentials(client)).status_code == 503
                replica.promote()
                taken = await seconds_to_succeed(app, client, user)
            else:
                with hanging(primary):
                    assert (await app.client_credentials(client)).status_code == 503
                    replica.promote()
                    taken = await seconds_to_succeed(app, client, user)

            assert taken < scaled_now(PROMOTION_SECONDS)
    finally:
        replica.remove()


async def seconds_to_succeed(app: Application, client: TestClient, user: TestUser) -> float:
    """How long tokens, sign-ins and registrations take to succeed, asked one after the other."""
    started = time.perf_counter()
    await eventually(lambda: succeeds(app.client_credentials(client)))
    await eventually(lambda: succeeds(app.password_grant(client, user)))
    return time.perf_counter() - started


async def succeeds(request: Awaitable[httpx.Response]) -> bool:
    return (await request).status_code == 200
