"""The network to PostgreSQL stalls in the middle of a request: it is answered by its deadline."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable

import httpx
import pytest
import pytest_asyncio

from tests.support.application import PASSWORD, Application, running_application
from tests.support.background import suspend_loops
from tests.support.databases import Databases
from tests.support.locks import writes_blocked
from tests.support.machine import scaled, scaled_now
from tests.support.parts import services_of
from tests.support.tcp_proxy import TcpProxy, proxy_before

pytestmark = pytest.mark.timing

COMMIT = b"COMMIT;"
TIMEOUT = 1.0
SECONDS_FOR_A_COMMIT = 0.5
"""How long after its deadline a request may still wait for a commit and for its outcome."""
BESIDE_THE_DATABASE = 0.5
"""Seconds in which an idle machine does the rest of a request."""


@pytest_asyncio.fixture
async def postgresql_url(databases: Databases) -> str:
    return await databases.migrated("postgresql")


@pytest_asyncio.fixture
async def proxy_and_app(postgresql_url: str) -> AsyncIterator[tuple[TcpProxy, Application]]:
    """An application behind a proxy, whose log nothing else writes to."""
    async with (
        proxy_before(postgresql_url) as (proxy, url),
        running_application(url, database_timeout=scaled(TIMEOUT)) as app,
    ):
        suspend_loops(services_of(app))
        await app.register()
        await services_of(app).core.audit.sequencer.run()
        yield proxy, app
        proxy.flow()


async def refused_in_time(app: Application, request: Awaitable[httpx.Response]) -> httpx.Response:
    """The answer, which is 503 and came by the deadline of the request."""
    started_at = time.perf_counter()
    answer = await request
    took = time.perf_counter() - started_at
    assert answer.status_code == 503, answer.text
    limit = services_of(app).core.database.backend.time_limit
    assert took < limit + SECONDS_FOR_A_COMMIT + scaled_now(BESIDE_THE_DATABASE), took
    return answer


def register(app: Application, name: str) -> Awaitable[httpx.Response]:
    return app.http.post("/register_user", json={"username": name, "password": PASSWORD})


def unknown_outcomes(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.__dict__["request_id"]
        for record in caplog.records
        if "outcome unknown" in record.getMessage()
    ]


async def test_a_transaction_is_refused_by_its_deadline_if_the_network_stalls_during_a_write(
    proxy_and_app: tuple[TcpProxy, Application],
) -> None:
    proxy, app = proxy_and_app
    name = app.new_name()
    proxy.stall_at(b"user.registered", after=name.encode())

    await refused_in_time(app, register(app, name))


async def test_a_transaction_is_refused_by_its_deadline_if_the_network_stalls_during_its_commit(
    proxy_and_app: tuple[TcpProxy, Application], caplog: pytest.LogCaptureFixture
) -> None:
    proxy, app = proxy_and_app
    name = app.new_name()
    proxy.stall_at(COMMIT, after=name.encode())

    logging.getLogger("postern").addHandler(caplog.handler)
    answer = await refused_in_time(app, register(app, name))
    logging.getLogger("postern").removeHandler(caplog.handler)

    assert unknown_outcomes(caplog) == [answer.headers["x-request-id"]]


async def test_a_batch_is_refused_by_its_deadline_if_the_network_stalls_during_its_commit(
    proxy_and_app: tuple[TcpProxy, Application],
    postgresql_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The commit begins shortly before the deadline, because a lock was in the way"""
    proxy, app = proxy_and_app
    client = await app.create_client()
    await app.client_credentials(client)
    limit = services_of(app).core.database.backend.time_limit

    logging.getLogger("postern").addHandler(caplog.handler)
    async with writes_blocked(postgresql_url) as lock:
        request = asyncio.create_task(refused_in_time(app, app.client_credentials(client)))
        await asyncio.sleep(0.7 * limit)
        proxy.stall_at(COMMIT)
        await lock.release()
        answer = await request
    logging.getLogger("postern").removeHandler(caplog.handler)

    assert unknown_outcomes(caplog) == [answer.headers["x-request-id"]]


async def test_requests_succeed_again_after_a_stall(
    proxy_and_app: tuple[TcpProxy, Application],
) -> None:
    proxy, app = proxy_and_app
    proxy.stall()
    await refused_in_time(app, register(app, app.new_name()))
    proxy.flow()

    assert (await register(app, app.new_name())).status_code == 201
