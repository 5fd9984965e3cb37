"""Readiness is red, with one line in the log, wherever the database cannot serve this release."""

import asyncio
import logging
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import insert, text

from app.models.operations.schema_revisions import schema_revisions
from tests.conftest import AppFactory
from tests.faults.test_bad_starts import set_revision
from tests.support.application import Application
from tests.support.databases import Databases
from tests.support.loggers import loggers_as_before
from tests.support.machine import scaled
from tests.support.parts import open_database, services_of
from tests.support.server import COMMAND, environment

OLDER = "2026_11_28_pairwise"
NEWER = "2999_01_01_from_the_future"
AS_OTHERS = ("setpriv", "--bounding-set", "-dac_override")
"""Root obeys the mode of a file without this capability."""


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with loggers_as_before():
        yield caplog


async def execute(app: Application, statement: str) -> None:
    async with services_of(app).core.database.backend.engines.writer.begin() as connection:
        await connection.execute(text(statement))


async def why_not_ready(app: Application, lines: pytest.LogCaptureFixture) -> str:
    """The one line of the log."""
    logging.getLogger("postern").addHandler(lines.handler)
    answer = await app.http.get("/health/ready")
    again = await app.http.get("/health/ready")

    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
    assert again.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    told = [each.getMessage() for each in lines.records if each.levelno >= logging.WARNING]
    assert len(told) == 1, told
    return told[0]


async def test_a_missing_table_makes_the_server_not_ready(
    start_app: AppFactory, lines: pytest.LogCaptureFixture
) -> None:
    app = await start_app()
    await execute(app, "DROP TABLE refresh_tokens")

    assert "refresh_tokens is missing" in await why_not_ready(app, lines)


async def test_a_downgraded_schema_makes_the_server_not_ready(
    start_app: AppFactory, lines: pytest.LogCaptureFixture
) -> None:
    app = await start_app()
    await set_revision(app.settings.database_url, OLDER)

    line = await why_not_ready(app, lines)

    assert OLDER in line
    assert "postern migrate" in line


async def declare(url: str, *, may_serve: bool) -> None:
    """What the migration of a newer release leaves."""
    await set_revision(url, NEWER)
    async with open_database(url) as database:
        await database.change(
            insert(schema_revisions).values(revision=NEWER, previous_may_serve=may_serve)
        )


@pytest.mark.parametrize("may_serve", [True, False])
async def test_a_newer_schema_declares_whether_this_release_can_serve(
    start_app: AppFactory, lines: pytest.LogCaptureFixture, may_serve: bool
) -> None:
    """SECURITY_BAR row 10 (faults)"""
    app = await start_app()
    await declare(app.settings.database_url, may_serve=may_serve)

    if may_serve:
        assert (await app.http.get("/health/ready")).status_code == 200
    else:
        assert "newer release" in await why_not_ready(app, lines)


async def test_a_newer_schema_without_a_declaration_makes_the_server_not_ready(
    start_app: AppFactory, lines: pytest.LogCaptureFixture
) -> None:
    app = await start_app()
    await set_revision(app.settings.database_url, NEWER)

    assert "newer release" in await why_not_ready(app, lines)


async def test_a_worker_starts_on_a_newer_schema_that_allows_this_release(
    start_app: AppFactory, databases: Databases, database_kind: str
) -> None:
    """SECURITY_BAR row 10 (faults): a worker of the release before is replaced."""
    url = await databases.migrated(database_kind)
    await declare(url, may_serve=True)

    app = await start_app(database_url=url)

    client = await app.create_client()
    assert (await app.client_credentials(client)).status_code == 200
    assert (await app.http.get("/health/ready")).status_code == 200


async def test_a_read_only_postgresql_makes_the_server_not_ready(
    databases: Databases, start_app: AppFactory, lines: pytest.LogCaptureFixture
) -> None:
    url = await databases.migrated("postgresql")
    app = await start_app(database_url=url)
    name = url.rpartition("/")[2].partition("?")[0]
    other = await asyncpg.connect(databases.server_url)
    await other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
    )
    await other.close()

    assert "read-only" in await why_not_ready(app, lines)


def spoil(path: Path, fault: str) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    if fault == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"\xff" * path.stat().st_size)


@pytest.mark.parametrize("fault", ["deleted", "damaged"])
async def test_a_missing_or_damaged_sqlite_file_makes_the_server_not_ready(
    databases: Databases, start_app: AppFactory, lines: pytest.LogCaptureFixture, fault: str
) -> None:
    url = await databases.migrated("sqlite")
    app = await start_app(database_url=url)
    path = Path(url.removeprefix("sqlite:///"))
    await asyncio.to_thread(spoil, path, fault)

    line = await why_not_ready(app, lines)

    assert "the database file" in line


async def test_the_readiness_check_stores_no_token(start_app: AppFactory) -> None:
    app = await start_app()

    assert (await app.http.get("/health/ready")).status_code == 200

    row = await services_of(app).core.database.fetch_one(text("SELECT count(*) FROM access_tokens"))
    assert row is not None
    assert row[0] == 0


@pytest.mark.slow
async def test_the_server_refuses_to_start_on_a_read_only_sqlite_file(
    databases: Databases, tmp_path: Path
) -> None:
    """SECURITY_BAR row 48"""
    url = await databases.migrated("sqlite")
    path = tmp_path / "postern.db"
    shutil.copyfile(url.removeprefix("sqlite:///"), path)
    path.chmod(0o444)

    ended = await asyncio.to_thread(
        subprocess.run,
        [*(AS_OTHERS if os.geteuid() == 0 else ()), *COMMAND, "serve"],
        cwd=tmp_path,
        env=environment({"DATABASE_URL": "sqlite:///postern.db"}),
        capture_output=True,
        text=True,
        timeout=scaled(60),
    )

    assert ended.returncode == 2
    assert "postern: DATABASE_URL: the database is read-only: postern.db\n" in ended.stderr
    assert "Traceback" not in ended.stderr
