"""Health checks for platforms (CONTRACT.md)."""

import asyncio

import pytest

from tests.support.application import Application, running_application
from tests.support.databases import migrate_template
from tests.support.machine import scaled
from tests.support.postgresql import PostgresServer
from tests.support.waiting import eventually

pytestmark = pytest.mark.both_databases


async def test_a_server_with_its_database_is_live_and_ready(app: Application) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = await app.http.get(path)

        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.slow
async def test_a_server_is_live_but_not_ready_while_its_database_is_unavailable() -> None:
    """Faults rows 2 and 4: nobody restarts us because the database is away."""
    server = await asyncio.to_thread(PostgresServer)
    try:
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(migrate_template, server.url)
        async with running_application(server.url, database_timeout=scaled(1)) as app:
            before = await app.http.get("/health/ready")
            await asyncio.to_thread(server.stop)
            await eventually(lambda: answers(app, 503))
            ready = await app.http.get("/health/ready")
            live = await app.http.get("/health/live")
            await asyncio.to_thread(server.start)
            await eventually(lambda: answers(app, 200))
    finally:
        await asyncio.to_thread(server.remove)

    assert before.status_code == 200
    assert (ready.status_code, ready.json()) == (503, {"status": "unavailable"})
    assert int(ready.headers["retry-after"]) >= 1
    assert (live.status_code, live.json()) == (200, {"status": "ok"})


async def answers(app: Application, status: int) -> bool:
    """The answer of the last second is kept."""
    return (await app.http.get("/health/ready")).status_code == status
