"""A server that cannot start says why in one line, and its exit code is not 0."""

import sqlite3
import subprocess
from pathlib import Path

import asyncpg
import pytest

from tests.support.databases import Databases
from tests.support.ports import free_port
from tests.support.postgresql import with_database
from tests.support.server import run_postern

pytestmark = pytest.mark.slow


def assert_one_clear_line(ended: subprocess.CompletedProcess[str], *words: str) -> None:
    """Fault 16"""
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert ended.stderr.startswith("postern: ")
    assert ended.returncode == 2
    assert "listening" not in ended.stdout
    for word in words:
        assert word in ended.stderr


async def test_a_corrupt_sqlite_file_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "postern.db").write_bytes(b"this is not a database, whatever its name says" * 100)

    ended = await run_postern(tmp_path, "serve", DATABASE_URL="sqlite:///postern.db")

    assert_one_clear_line(ended, "DATABASE_URL")


async def test_a_sqlite_file_with_a_damaged_page_is_reported_in_one_line(
    databases: Databases, tmp_path: Path
) -> None:
    url = await databases.migrated("sqlite")
    damage(Path(url.removeprefix("sqlite:///")))

    ended = await run_postern(tmp_path, "serve", DATABASE_URL=url)

    assert_one_clear_line(ended, "DATABASE_URL")


def damage(path: Path) -> None:
    """Leaves the head of the file, which says what it is, and nothing else."""
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))


async def test_a_sqlite_path_that_is_a_directory_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "postern.db").mkdir()

    ended = await run_postern(tmp_path, "serve", DATABASE_URL="sqlite:///postern.db")

    assert_one_clear_line(ended, "DATABASE_URL")


async def test_a_sqlite_path_below_a_file_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a directory should be")

    ended = await run_postern(tmp_path, "serve", DATABASE_URL="sqlite:///data/postern.db")

    assert_one_clear_line(ended, "DATABASE_URL")


async def test_a_missing_directory_for_the_sqlite_file_is_created(tmp_path: Path) -> None:
    ended = await run_postern(tmp_path, "migrate", DATABASE_URL="sqlite:///new/data/postern.db")

    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "new" / "data" / "postern.db").exists()


async def test_an_unreachable_postgresql_server_is_reported_in_one_line(tmp_path: Path) -> None:
    url = f"postgresql://postgres:a-password@127.0.0.1:{free_port()}/postern"

    ended = await run_postern(tmp_path, "serve", DATABASE_URL=url)

    assert_one_clear_line(ended, "DATABASE_URL", "cannot reach")
    assert "a-password" not in ended.stderr + ended.stdout


async def test_an_unknown_database_host_is_reported_in_one_line(tmp_path: Path) -> None:
    ended = await run_postern(
        tmp_path, "serve", DATABASE_URL="postgresql://postgres@postgresql.invalid/postern"
    )

    assert_one_clear_line(ended, "DATABASE_URL", "cannot reach")


@pytest.mark.parametrize("what", ["database", "user"])
async def test_a_missing_postgresql_database_or_user_is_reported_in_one_line(
    databases: Databases, tmp_path: Path, what: str
) -> None:
    url = with_database(databases.server_url, "nobody_made_this")
    if what == "user":
        url = databases.server_url.replace("://postgres@", "://nobody_made_this@")
        if "nobody_made_this" not in url:
            pytest.skip("the server that was given has users of its own")

    ended = await run_postern(tmp_path, "serve", DATABASE_URL=url, STARTUP_TIMEOUT="600")

    assert_one_clear_line(ended, "DATABASE_URL")


async def test_a_database_of_a_newer_release_is_reported_in_one_line(
    databases: Databases, database_kind: str, tmp_path: Path
) -> None:
    url = await databases.migrated(database_kind)
    await set_revision(url, "2999_01_01_from_the_future")

    ended = await run_postern(tmp_path, "serve", DATABASE_URL=url)

    assert_one_clear_line(ended, "2999_01_01_from_the_future", "newer release")


async def set_revision(url: str, revision: str) -> None:
    statement = f"UPDATE alembic_version SET version_num = '{revision}'"
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute(statement)
        connection.commit()
        connection.close()
        return
    other = await asyncpg.connect(url)
    await other.execute(statement)
    await other.close()
