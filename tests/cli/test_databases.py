"""Commands and the database that they work on: which one, whose, and what goes wrong there."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Postern
from tests.cli.processes import environment, run, serving
from tests.support.databases import Databases

pytestmark = pytest.mark.both_databases

COMMANDS = [
    ("users", "list"),
    ("clients", "list"),
    ("keys", "list"),
    ("keys", "rewrap"),
    ("audit", "verify"),
    ("upstream", "list"),
]


def files_in(directory: Path) -> list[Path]:
    return list(directory.iterdir())


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("command", COMMANDS)
async def test_no_command_creates_a_database(
    postern: Postern, tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor the key that a development server keeps beside it"""
    monkeypatch.delenv("SECRET_KEY")

    result = await postern(*command)

    assert result.code == 2
    assert result.errors.startswith("postern: DATABASE_URL: no database at ")
    assert "postern migrate" in result.errors
    assert result.errors.count("\n") == 1
    assert files_in(tmp_path) == []


async def test_a_command_refuses_an_empty_database_and_leaves_it_empty(
    databases: Databases, database_kind: str, postern: Postern, tmp_path: Path
) -> None:
    url = await databases.empty(database_kind)
    if database_kind == "sqlite":
        sqlite3.connect(url.removeprefix("sqlite:///")).close()

    result = await postern("users", "list", DATABASE_URL=url, MIGRATE_ON_START="1")

    assert result.code == 2
    assert result.errors.startswith("postern: DATABASE_URL: the database is empty")
    assert result.errors.count("\n") == 1
    assert (await postern("migrate")).output.startswith("Migrated from an empty database")


@pytest.mark.slow
async def test_the_demo_without_a_database_uses_a_temporary_one(
    postern: Postern, tmp_path: Path
) -> None:
    result = await postern("demo")

    assert result.code == 0, result.errors
    assert "temporary one" in result.output
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_command_prints_which_database_it_used(
    databases: Databases, database_kind: str, postern: Postern, command: tuple[str, ...]
) -> None:
    """On standard error, so that JSON stays JSON; never with a password"""
    url = await databases.migrated(database_kind)

    result = await postern(*command, DATABASE_URL=url)

    assert result.code == 0, result.errors
    name = url.rpartition("/")[2]
    assert result.errors.startswith("Database: ")
    assert name in result.errors
    assert "@" not in result.errors
    assert "Database" not in result.output


@pytest.mark.slow
def test_a_closed_pipe_ends_a_command_without_an_error(tmp_path: Path) -> None:
    """As with `| head -1`"""
    assert run(tmp_path, "migrate").returncode == 0
    for arguments in (("users", "list"), ("keys", "list", "--json"), ("audit", "list")):
        reader, writer = os.pipe()
        os.close(reader)

        finished = subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            cwd=tmp_path,
            env=environment(tmp_path, {}),
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        os.close(writer)

        assert finished.returncode == 0
        assert finished.stderr.splitlines() == ["Database: SQLite, data/postern.db"]


@pytest.mark.parametrize("command", [("users", "list"), ("migrate", "-1"), ("audit", "verify")])
async def test_a_database_error_is_reported_in_one_line(
    postern: Postern, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """A table is missing, as after a restore that went wrong"""
    await postern("migrate", DATABASE_URL="sqlite:///broken.db")
    connection = sqlite3.connect(tmp_path / "broken.db", isolation_level=None)
    for table in ("users", "audit_events", "audit_head", "key_checks"):
        connection.execute(f"DROP TABLE {table}")
    connection.close()
    if command == ("migrate", "-1"):
        command = ("migrate", "base")

    result = await postern(*command)

    assert result.code == 2
    assert result.errors.startswith("postern: DATABASE_URL: no such ")
    assert result.errors.count("\n") == 1


async def test_a_locked_database_is_a_one_line_error(postern: Postern, tmp_path: Path) -> None:
    await postern("migrate", DATABASE_URL="sqlite:///locked.db", SQLITE_BUSY_TIMEOUT="0.1")
    connection = sqlite3.connect(tmp_path / "locked.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")

    result = await postern("keys", "rotate")

    connection.close()
    assert result.code == 2
    assert result.errors == "postern: DATABASE_URL: database is locked\n"


@pytest.mark.slow
def test_files_created_by_the_server_are_accessible_only_to_their_owner(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        names = {each.name: mode_of(each) for each in (tmp_path / "data").iterdir()}
        log = server.log()

    assert mode_of(tmp_path / "data") == 0o700
    assert {"postern.db", "secret_key"} <= set(names)
    assert set(names.values()) == {0o600}
    assert "accessible to other users" not in log


@pytest.mark.slow
def test_files_open_to_other_users_cause_a_warning_and_are_not_changed(tmp_path: Path) -> None:
    assert run(tmp_path, "migrate").returncode == 0
    (tmp_path / "data").chmod(0o755)
    (tmp_path / "data" / "postern.db").chmod(0o640)

    with serving(tmp_path) as server:
        log = server.eventually(
            lambda: server.log() if "(mode 640): run chmod 600" in server.log() else "", "it warns"
        )

    warnings = [line for line in log.splitlines() if "accessible to other users" in line]
    assert len(warnings) == 2
    assert all("WARNING" in line for line in warnings)
    assert "data is accessible to other users (mode 755): run chmod 700 data" in warnings[0]
    assert "(mode 640): run chmod 600 data/postern.db" in warnings[1]
    assert mode_of(tmp_path / "data") == 0o755
    assert mode_of(tmp_path / "data" / "postern.db") == 0o640
