"""Workers that die, hang, are stopped or get no processor: the server goes on."""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from tests.support.databases import create_database, migrate_template
from tests.support.postgresql import PostgresServer
from tests.support.server import (
    Server,
    application_of,
    is_worker,
    running_server,
    starting_server,
)
from tests.support.throttle import throttled
from tests.support.waiting import eventually

pytestmark = pytest.mark.timing


@pytest_asyncio.fixture
async def postgresql() -> AsyncIterator[PostgresServer]:
    """A database server that a test may stop."""
    server = PostgresServer()
    try:
        await asyncio.to_thread(server.start)
        yield server
    finally:
        await asyncio.to_thread(server.remove)


def workers_of(server: Server) -> list[psutil.Process]:
    return [each for each in server.family()[1:] if is_worker(each)]


async def statuses(server: Server, path: str, *, times: int = 12) -> set[int]:
    """What new connections are answered, so that each worker has its turn."""
    answers = set()
    for _ in range(times):
        async with server.client() as http:
            answers.add((await http.get(path)).status_code)
    return answers


async def test_workers_that_die_during_a_database_outage_are_replaced_and_recover(
    postgresql: PostgresServer, tmp_path: Path
) -> None:
    """SECURITY_BAR row 41"""
    url = await create_database(postgresql.url)
    await asyncio.to_thread(migrate_template, url)
    async with running_server(tmp_path, DATABASE_URL=url, WORKERS="2") as server:
        await eventually(lambda: len(workers_of(server)) == 2)
        async with application_of(server) as app:
            client = await app.create_client()
            await asyncio.to_thread(postgresql.stop, "immediate")
            for worker in workers_of(server):
                worker.kill()
            await eventually(lambda: server.log().count("responds with 503 until") == 2)

            assert await statuses(server, "/health/live") == {200}
            assert await statuses(server, "/health/ready") == {503}
            assert await statuses(server, "/login") == {503}
            refused = await app.client_credentials(client)
            assert refused.status_code == 503
            assert refused.json()["error"] == "temporarily_unavailable"
            assert int(refused.headers["retry-after"]) > 0

            await asyncio.to_thread(postgresql.start)
            await eventually(lambda: server.log().count("this worker now serves") == 2)
            for _ in range(12):
                assert (await app.client_credentials(client)).status_code == 200
        assert await statuses(server, "/health/ready") == {200}
        assert server.process.poll() is None
        assert len(re.findall(r"WARNING .* died \(exit code -9\)", server.log())) == 2
        assert len(re.findall(r"WARNING .* started in place of", server.log())) == 2
        assert "Traceback" not in server.log()


async def test_a_worker_paused_for_twelve_seconds_is_not_killed(tmp_path: Path) -> None:
    async with running_server(tmp_path, WORKERS="2") as server:
        await eventually(lambda: len(workers_of(server)) == 2)
        (worker, _) = workers_of(server)
        worker.send_signal(signal.SIGSTOP)
        await asyncio.sleep(12)
        worker.send_signal(signal.SIGCONT)

        assert worker in workers_of(server)
        assert "died" not in server.log()
        assert await statuses(server, "/health/live") == {200}


async def test_four_workers_start_and_serve_with_a_quarter_of_a_core(tmp_path: Path) -> None:
    async with starting_server(tmp_path, WORKERS="4") as server:
        async with throttled(server, cores=0.25):
            await server.listens()
            await eventually(lambda: server.log().count("Application startup complete") == 4)
            assert await statuses(server, "/health/live") == {200}
            await asyncio.sleep(5)

        assert len(workers_of(server)) == 4
        assert "died" not in server.log()
        assert "killed" not in server.log()


async def test_the_supervisor_does_not_load_the_application(tmp_path: Path) -> None:
    async with running_server(tmp_path, WORKERS="2") as server:
        await eventually(lambda: len(workers_of(server)) == 2)

        assert not {each for each in mapped(server.process.pid) if "site-packages" in each}
        assert all("app.cli" not in worker.cmdline() for worker in workers_of(server))


def mapped(pid: int) -> set[str]:
    """The files that a process has mapped into its memory."""
    with contextlib.suppress(OSError):
        return {line.split()[-1] for line in Path(f"/proc/{pid}/maps").read_text().splitlines()}
    pytest.skip(f"{os.uname().sysname} does not tell what a process has mapped")
