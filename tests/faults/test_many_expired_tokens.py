"""Many expired tokens: they go faster than tokens are issued, and callers hardly notice."""

import asyncio
import secrets
import time
from collections.abc import Awaitable
from datetime import timedelta
from statistics import median

import pytest
import pytest_asyncio
from sqlalchemy import insert

from app.models.oauth.access_tokens import access_tokens
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient
from tests.support.machine import scaled_now
from tests.support.parts import services_of

pytestmark = pytest.mark.timing

ROWS = 20_000
ROUNDS = 3
CALLERS = 16
SECONDS_ALONE = 2.0
NOISE = 0.05


@pytest_asyncio.fixture
async def own_app(start_app: AppFactory) -> Application:
    return await start_app()


async def test_housekeeping_keeps_pace_and_at_most_doubles_the_slowest_responses(
    own_app: Application,
) -> None:
    """SECURITY_BAR, fault 13"""
    client, housekeeping = (
        await own_app.create_client(),
        services_of(own_app).operations.housekeeping,
    )
    alone: list[float] = []
    beside: list[float] = []
    removed = issued = 0
    await slowest_while(own_app, client, asyncio.sleep(0.5))
    for _ in range(ROUNDS):
        await store_expired(own_app)
        slowest, _ = await slowest_while(own_app, client, asyncio.sleep(SECONDS_ALONE))
        alone.append(slowest)
        cleaning = asyncio.create_task(housekeeping.run_once())
        slowest, answers = await slowest_while(own_app, client, cleaning)
        beside.append(slowest)
        removed, issued = removed + await cleaning, issued + answers

    assert removed == ROUNDS * ROWS
    assert removed > issued
    assert median(beside) <= 2 * median(alone) + scaled_now(NOISE)


async def store_expired(app: Application) -> None:
    now = app.clock.now()
    async with services_of(app).core.database.transaction() as connection:
        for _ in range(ROWS // 5000):
            rows = [
                {
                    "digest": secrets.token_bytes(32), "client_id": "a-client", "scope": "",
                    "issued_at": now - timedelta(days=2), "expires_at": now - timedelta(days=1),
                }
                for _ in range(5000)
            ]  # fmt: skip
            await connection.execute(insert(access_tokens), rows)


async def slowest_while(
    app: Application, client: TestClient, work: Awaitable[object]
) -> tuple[float, int]:
    """The 99th percentile of the answers of `/token` while something else is done, and how many."""
    task = asyncio.ensure_future(work)
    seconds: list[float] = []

    async def call() -> None:
        while not task.done():
            begun = time.perf_counter()
            assert (await app.client_credentials(client)).status_code == 200
            seconds.append(time.perf_counter() - begun)

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    await task
    return sorted(seconds)[int(len(seconds) * 0.99)], len(seconds)
