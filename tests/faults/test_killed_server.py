"""kill -9 under load: what was acknowledged is there after the restart, and is spent once."""

from pathlib import Path

import pytest

from tests.faults.load import Load, assert_everything_is_there
from tests.support.parts import open_database, sqlite_integrity
from tests.support.server import application_of, running_server

pytestmark = pytest.mark.timing


async def test_a_killed_server_loses_no_acknowledged_data(
    database_url: str, tmp_path: Path
) -> None:
    """SECURITY_BAR row 9; fault 1"""
    async with (
        running_server(tmp_path, DATABASE_URL=database_url) as server,
        application_of(server) as app,
    ):
        client, user = await app.create_client(), await app.enrolled_user()
        load = Load(app, client)
        await load.start(user)
        await load.has_got(users=5, tokens=60, refreshes=60)

        await server.kill()

        await load.ended()

    async with (
        running_server(tmp_path, DATABASE_URL=database_url) as server,
        application_of(server) as app,
        open_database(database_url) as database,
    ):
        await assert_everything_is_there(app, client, load.promised, database)
    if database_url.startswith("sqlite"):
        assert sqlite_integrity(database_url) == "ok"
