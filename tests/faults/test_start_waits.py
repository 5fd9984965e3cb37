"""A start waits for a database that comes up later, and for a port that is about to be free."""

import asyncio
from pathlib import Path

import pytest

from tests.support.databases import Databases, create_database, migrate_template
from tests.support.ports import free_port
from tests.support.postgresql import PostgresServer
from tests.support.server import run_postern, running_server, starting_server
from tests.support.waiting import can_connect, eventually

pytestmark = pytest.mark.timing


async def test_a_start_waits_for_the_database_without_accepting_connections(
    tmp_path: Path,
) -> None:
    postgresql = PostgresServer()
    try:
        await asyncio.to_thread(postgresql.start)
        url = await create_database(postgresql.url)
        await asyncio.to_thread(migrate_template, url)
        await asyncio.to_thread(postgresql.stop, "immediate")
        port = free_port()
        variables = {"DATABASE_URL": url, "STARTUP_TIMEOUT": "600", "PORT": str(port)}
        async with starting_server(tmp_path, WORKERS="2", **variables) as server:
            await eventually(lambda: "retrying for" in server.log())
            assert not await can_connect(port)

            await asyncio.to_thread(postgresql.start)
            await server.listens()
            async with server.client() as http:
                assert (await http.get("/health/ready")).status_code == 200
    finally:
        await asyncio.to_thread(postgresql.remove)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_database_that_does_not_start_in_time_logs_one_line_and_exits_with_2(
    tmp_path: Path, workers: str
) -> None:
    url = f"postgresql://postgres:a-password@127.0.0.1:{free_port()}/postern"
    variables = {"DATABASE_URL": url, "STARTUP_TIMEOUT": "1", "WORKERS": workers}

    ended = await run_postern(tmp_path, "serve", **variables)

    *waiting, refusal = ended.stderr.splitlines()
    assert len(waiting) == 1
    assert "WARNING postern.wiring.preparation DATABASE_URL: cannot reach" in waiting[0]
    assert refusal.startswith("postern: DATABASE_URL: cannot reach the database")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "a-password" not in ended.stderr


async def test_a_server_starts_immediately_after_the_previous_supervisor_was_killed(
    databases: Databases, tmp_path: Path
) -> None:
    url = await databases.migrated("postgresql")
    async with running_server(tmp_path, DATABASE_URL=url, WORKERS="2") as server:
        await eventually(lambda: server.log().count("Application startup complete") == 2)
        workers = server.family()[1:]
        server.process.kill()
        await server.wait()

        variables = {"DATABASE_URL": url, "PORT": str(server.port)}
        async with running_server(tmp_path, WORKERS="1", **variables) as second:
            assert second.port == server.port
        await eventually(lambda: not any(worker.is_running() for worker in workers))
