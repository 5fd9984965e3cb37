"""A migration happens whole or not at all, once, whoever starts at the same time."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import alembic.op
import pytest

from app.database import migrations
from app.database.backends import Backend
from app.database.revisions import newest_revision
from app.models.tables import metadata
from app.startup_errors import StartupError
from tests.migrations.conftest import change, downgrade, rows_of, tables_of
from tests.support.machine import scaled
from tests.support.server import environment, run_postern, running_server

pytestmark = pytest.mark.timing

# Migrates, and dies as by kill -9 when the fourth table is due.
DYING = """
import os, sys
import alembic.op
from app.cli import main

create_table, made = alembic.op.create_table, []

def dying(*arguments, **options):
    made.append(arguments[0])
    if len(made) == 4:
        print("dying", flush=True)
        os._exit(9)
    return create_table(*arguments, **options)

alembic.op.create_table = dying
sys.exit(main(["migrate"]))
"""


async def test_a_failed_migration_leaves_nothing_and_can_be_run_again(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 10"""
    create_index = alembic.op.create_index

    def fails(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "ix_access_tokens_expires_at":
            raise RuntimeError("a migration with a mistake in it")
        return create_index(name, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(alembic.op, "create_index", fails)
        with pytest.raises(RuntimeError):
            await migrations.migrate(backend)
    left = await tables_of(backend)
    await migrations.migrate(backend)

    assert left == set()
    assert await tables_of(backend) > set(metadata.tables)


async def test_a_migration_killed_halfway_leaves_nothing_and_can_be_run_again(
    backend: Backend, empty_url: str, tmp_path: Path
) -> None:
    """Fault 10"""
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", DYING],
        cwd=tmp_path,
        env=environment({"DATABASE_URL": empty_url}),
        capture_output=True,
        text=True,
        timeout=scaled(30),
    )
    left = await tables_of(backend)
    await migrations.migrate(backend)

    assert killed.returncode == 9, killed.stderr
    assert killed.stdout.strip() == "dying"
    assert left == set()
    assert await migrations.current_revision(backend) == newest_revision()


async def test_a_failed_downgrade_changes_nothing(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrations.migrate(backend)
    await change(backend, "INSERT INTO leases VALUES ('a', 'b', '2026-11-25 00:00:00+00:00')")
    drop_table = alembic.op.drop_table

    def fails(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "clients":
            raise RuntimeError("a migration with a mistake in it")
        return drop_table(name, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(alembic.op, "drop_table", fails)
        with pytest.raises(RuntimeError):
            await downgrade(backend, "base")

    assert await migrations.current_revision(backend) == newest_revision()
    assert await tables_of(backend) > set(metadata.tables)
    assert await rows_of(backend, "SELECT holder FROM leases") == [("b",)]


async def test_two_processes_can_migrate_an_empty_database_concurrently(
    backend: Backend, empty_url: str, tmp_path: Path
) -> None:
    ended = await asyncio.gather(
        *(run_postern(tmp_path, "migrate", DATABASE_URL=empty_url) for _ in range(2))
    )

    assert [each.returncode for each in ended] == [0, 0], [each.stderr for each in ended]
    assert await migrations.current_revision(backend) == newest_revision()
    assert await tables_of(backend) > set(metadata.tables)


async def test_concurrent_migrations_in_one_process_all_succeed(
    backend: Backend, empty_url: str
) -> None:
    await asyncio.gather(*(migrations.migrate(backend) for _ in range(4)))

    assert await migrations.current_revision(backend) == newest_revision()


async def test_a_server_migrates_an_empty_database_automatically(
    backend: Backend, empty_url: str, tmp_path: Path
) -> None:
    async with (
        running_server(tmp_path, DATABASE_URL=empty_url) as server,
        server.client() as http,
    ):
        assert (await http.get("/health/ready")).status_code == 200

    assert await migrations.current_revision(backend) == newest_revision()


async def test_an_unknown_revision_is_refused(backend: Backend) -> None:
    await migrations.migrate(backend)

    with pytest.raises(StartupError):
        await migrations.migrate(backend, "no_such_revision")

    assert await migrations.current_revision(backend) == newest_revision()
