"""Another process holds SQLite's write lock: writers wait for it, within a limit; readers go on."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.application import Application, running_application
from tests.support.assertions import assert_oauth_error, assert_problem
from tests.support.databases import Databases
from tests.support.machine import scaled

pytestmark = pytest.mark.timing

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
print("released", flush=True)
"""
WAITED = 1.0  # seconds


class Holder:
    """A process that has the lock until it is told to let go."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, url.removeprefix("sqlite:///")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._say("held")

    def release(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        self._say("released")

    def _say(self, word: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline().decode().strip() == word


@asynccontextmanager
async def lock_held(app: Application) -> AsyncIterator[Holder]:
    holder = await asyncio.to_thread(Holder, app.settings.database_url)
    try:
        yield holder
    finally:
        holder.process.kill()
        await asyncio.to_thread(holder.process.communicate)


async def test_writers_wait_for_another_process_and_then_succeed(databases: Databases) -> None:
    """Fault 6"""
    async with running_application(await databases.migrated("sqlite")) as app:
        client = await app.create_client()
        async with lock_held(app) as holder:
            body = {"username": app.new_name(), "password": "correct horse battery"}
            writers = {
                asyncio.create_task(app.client_credentials(client)),
                asyncio.create_task(app.http.post("/register_user", json=body)),
            }

            done, _ = await asyncio.wait(writers, timeout=WAITED)
            await asyncio.to_thread(holder.release)
            answers = await asyncio.gather(*writers)

        assert not done
        assert {answer.status_code for answer in answers} == {200, 201}


async def test_readers_do_not_wait_for_the_write_lock(databases: Databases) -> None:
    async with running_application(await databases.migrated("sqlite")) as app:
        client = await app.create_client()
        token = (await app.client_credentials(client)).json()["access_token"]

        async with lock_held(app):
            assert await app.is_active(client, token)
            assert (await app.profile(token)).status_code == 200


async def test_a_writer_that_waits_too_long_gets_a_503_with_retry_after(
    databases: Databases,
) -> None:
    """Fault 6"""
    url = await databases.migrated("sqlite")
    async with running_application(url, sqlite_busy_timeout=scaled(0.5)) as app:
        client, user = await app.create_client(), await app.enrolled_user()
        pair = (await app.password_grant(client, user)).json()
        name = {"username": app.new_name(), "password": "correct horse battery"}

        async with lock_held(app):
            minted, refreshed, revoked, registered = await asyncio.gather(
                app.client_credentials(client),
                app.refresh(client, pair["refresh_token"]),
                app.revoke(client, pair["access_token"]),
                app.http.post("/register_user", json=name),
            )

        for answer in (minted, refreshed, revoked):
            assert_oauth_error(answer, "temporarily_unavailable", status=503)
            assert int(answer.headers["retry-after"]) > 0
        assert_problem(registered, 503, "temporarily_unavailable")
        assert (await app.client_credentials(client)).status_code == 200
        assert (await app.refresh(client, pair["refresh_token"])).status_code == 200
        assert (await app.http.post("/register_user", json=name)).status_code == 201
