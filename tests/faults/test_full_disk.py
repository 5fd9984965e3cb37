"""No room for SQLite to write in: a clean 503, nothing broken, and success when there is room."""

import sys
from pathlib import Path

import psutil
import pytest

from tests.support.application import PASSWORD
from tests.support.assertions import assert_oauth_error, assert_problem
from tests.support.databases import Databases
from tests.support.parts import sqlite_integrity
from tests.support.server import Server, application_of, running_server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits another process by prlimit")


@pytest.mark.slow
async def test_a_full_disk_causes_a_503_and_corrupts_nothing(
    databases: Databases, tmp_path: Path
) -> None:
    """Fault 7: no file may grow, which is what a full disk does"""
    url = await databases.migrated("sqlite")
    path = Path(url.removeprefix("sqlite:///"))
    async with running_server(tmp_path, DATABASE_URL=url) as server, application_of(server) as app:
        client, user = await app.create_client(), await app.enrolled_user()
        pair = (await app.password_grant(client, user)).json()
        registration = {"username": app.new_name(), "password": PASSWORD}

        let_files_grow_to(server, path.with_name(f"{path.name}-wal").stat().st_size)
        minted = await app.client_credentials(client)
        refreshed = await app.refresh(client, pair["refresh_token"])
        registered = await app.http.post("/register_user", json=registration)
        still_active = await app.is_active(client, pair["access_token"])
        let_files_grow_to(server, psutil.RLIM_INFINITY)

        for answer in (minted, refreshed):
            assert_oauth_error(answer, "temporarily_unavailable", status=503)
            assert int(answer.headers["retry-after"]) > 0
        assert_problem(registered, 503, "temporarily_unavailable")
        assert still_active
        assert (await app.client_credentials(client)).status_code == 200
        assert (await app.refresh(client, pair["refresh_token"])).status_code == 200
        assert (await app.http.post("/register_user", json=registration)).status_code == 201
        assert "Traceback" not in server.log()
    assert sqlite_integrity(url) == "ok"


def let_files_grow_to(server: Server, size: int) -> None:
    psutil.Process(server.process.pid).rlimit(psutil.RLIMIT_FSIZE, (size, psutil.RLIM_INFINITY))
