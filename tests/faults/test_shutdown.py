"""SIGTERM under load: whoever was let in is answered, and the process ends in time."""

import asyncio
import signal
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from app.models.accounts.users import users
from tests.support.application import PASSWORD
from tests.support.databases import Databases
from tests.support.parts import open_database
from tests.support.raw_http import RawConnection, post_json
from tests.support.server import Server, application_of, running_server
from tests.support.waiting import eventually

pytestmark = pytest.mark.timing

WAITING = 24
SLOW_PASSWORDS = {
    "ARGON2_MEMORY_KIB": "19456",
    "ARGON2_TIME_COST": "2",
    "PASSWORD_THREADS": "1",
}


async def test_every_accepted_request_is_answered_before_the_process_ends(
    database_url: str, database_kind: str, tmp_path: Path
) -> None:
    """Fault 8: one process on SQLite, two workers on PostgreSQL"""
    workers = "1" if database_kind == "sqlite" else "2"
    async with (
        running_server(
            tmp_path, DATABASE_URL=database_url, WORKERS=workers, **SLOW_PASSWORDS
        ) as server,
        application_of(server) as app,
    ):
        names = [app.new_name() for _ in range(WAITING)]
        connections = [await RawConnection.to(server.port) for _ in names]
        for connection, name in zip(connections, names, strict=True):
            body = {"username": name, "password": PASSWORD}
            await connection.send(post_json("/register_user", body))
        await read_by(server)

        server.process.send_signal(signal.SIGTERM)
        answers = await asyncio.gather(
            *(connection.read_to_the_end() for connection in connections)
        )
        code = await server.wait()

    assert [answer.status for answer in answers] == [201] * WAITING
    assert all(answer.json()["otp_uri"] for answer in answers)
    assert code in (0, -signal.SIGTERM)
    assert "Traceback" not in server.log()
    async with open_database(database_url) as database:
        stored = {row[0] for row in await database.fetch_all(select(users.c.username))}
    assert stored == set(names)


async def read_by(server: Server) -> None:
    """Waits until the server has all of these connections and has been past what they sent."""
    await eventually(lambda: server.connections() >= WAITING)
    for _ in range(10):
        async with server.client() as another:
            assert (await another.get("/health/live")).status_code == 200


async def test_workers_exit_and_free_the_port_after_their_supervisor_is_killed(
    databases: Databases, tmp_path: Path
) -> None:
    url = await databases.migrated("postgresql")
    async with running_server(tmp_path, DATABASE_URL=url, WORKERS="2") as server:
        async with server.client() as http:
            assert (await http.get("/health/ready")).status_code == 200
        workers = server.family()[1:]
        assert len(workers) >= 2

        server.process.kill()
        await server.wait()

        await eventually(lambda: all(has_ended(worker) for worker in workers))
        async with running_server(
            tmp_path, DATABASE_URL=url, WORKERS="1", PORT=str(server.port)
        ) as second:
            assert second.port == server.port


def has_ended(process: psutil.Process) -> bool:
    """Also where nobody has collected it yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
