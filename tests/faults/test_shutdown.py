"""SIGTERM under load: whoever was let in is answered, and the process ends in time."""

import asyncio
import signal
from pathlib import Path

from sqlalchemy import select

from app.models.users import users
from tests.faults.conftest import Connect
from tests.support.application import PASSWORD
from tests.support.parts import open_database
from tests.support.raw_http import RawConnection, post_json
from tests.support.server import running_server

WAITING = 24
SLOW_PASSWORDS = {
    "ARGON2_MEMORY_KIB": "19456",
    "ARGON2_TIME_COST": "2",
    "PASSWORD_THREADS": "1",
}


async def test_every_accepted_request_is_answered_before_the_process_ends(
    database_url: str, tmp_path: Path, connected: Connect
) -> None:
    """Fault 8"""
    async with (
        running_server(tmp_path, DATABASE_URL=database_url, **SLOW_PASSWORDS) as server,
        connected(server) as app,
    ):
        names = [app.new_name() for _ in range(WAITING)]
        connections = [await RawConnection.to(server.port) for _ in names]
        for connection, name in zip(connections, names, strict=True):
            body = {"username": name, "password": PASSWORD}
            await connection.send(post_json("/register_user", body))
        # a later request on a later connection is answered: the server has read those before it
        assert (await app.http.get("/health/live")).status_code == 200

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
