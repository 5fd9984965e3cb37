"""Mistakes of the operator: one line that names the setting, exit code 2 (CONTRACT.md)."""

import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.cli.conftest import Postern, Result
from tests.cli.processes import run
from tests.support.databases import Databases
from tests.support.postgresql import with_database

SECRET_KEY = "a-good-Key-Qm4x8sV1cN7pLz0eR5tYw2uB9"
PRODUCTION = {
    "APP_ENV": "production",
    "SECRET_KEY": SECRET_KEY,
    "ISSUER": "https://login.example.com",
}


def assert_one_line(result: Result, name: str) -> None:
    assert result.code == 2, result.errors
    assert result.output == ""
    assert result.errors.startswith("postern: ")
    assert result.errors.count("\n") == 1, result.errors
    assert name in result.errors


@pytest.fixture
def busy_port() -> Iterator[str]:
    """A port in use: a server that starts in spite of its settings ends here."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield str(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "changeme"}, "SECRET_KEY"),
        ({"ISSUER": ""}, "ISSUER"),
        ({"ISSUER": "http://login.example.com"}, "ISSUER"),
        ({"ADMIN_TOKEN": "admin"}, "ADMIN_TOKEN"),
        ({"DATABASE_URL": "postgresql://postern:postern@db/postern"}, "DATABASE_URL"),
        ({"DATABASE_URL": "mysql://db/postern"}, "DATABASE_URL"),
        ({"TLS_CERT_FILE": "/nowhere/cert.pem", "TLS_KEY_FILE": "/nowhere/key.pem"}, "TLS_"),
        ({"HOST": "999.1.2.3"}, "HOST"),
        ({"HOST": "a" * 70}, "HOST"),
        ({"HOST": "192.0.2.1"}, "HOST"),
        ({}, "PORT"),
    ],
)
@pytest.mark.slow
async def test_serve_refuses_to_start_with_an_invalid_setting(
    postern: Postern, busy_port: str, variables: dict[str, str], name: str
) -> None:
    """SECURITY_BAR row 48"""
    result = await postern("serve", **{**PRODUCTION, "PORT": busy_port, **variables})

    if name == "TLS_":
        assert result.code == 2
        assert [line.split(":")[1].strip() for line in result.errors.splitlines()] == [
            "TLS_CERT_FILE",
            "TLS_KEY_FILE",
        ]
    else:
        assert_one_line(result, name)


@pytest.mark.parametrize("environment", [PRODUCTION, {"APP_ENV": "development"}])
@pytest.mark.slow
def test_an_unwritable_database_path_is_a_one_line_error(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """SECURITY_BAR row 48: SQLite on a disk that cannot be written"""
    finished = run(tmp_path, "serve", **environment, DATABASE_URL="sqlite:////dev/null/x.db")

    result = Result(finished.returncode, finished.stdout, finished.stderr)
    assert_one_line(result, "DATABASE_URL")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres@127.0.0.1:1/postgres",
        "postgresql://postgres@127.0.0.1:port/postgres",
        "postgresql://postgres@no-such-host.invalid/postgres",
        "postgresql://postgres@127.0.0.1:1/postgres?sslmode=perhaps",
    ],
)
async def test_an_unreachable_database_is_a_one_line_error(postern: Postern, url: str) -> None:
    """Faults row 16"""
    result = await postern("users", "list", DATABASE_URL=url)

    assert_one_line(result, "DATABASE_URL")


async def test_a_missing_database_or_role_is_a_one_line_error(
    databases: Databases, postern: Postern
) -> None:
    """Faults row 16"""
    parts = urlsplit(databases.server_url)
    stranger = parts._replace(netloc=f"no_such_role@{parts.netloc.rpartition('@')[2]}")

    for url in (with_database(databases.server_url, "no_such_database"), urlunsplit(stranger)):
        assert_one_line(await postern("users", "list", DATABASE_URL=url), "DATABASE_URL")


@pytest.mark.parametrize("url", ["sqlite:///:memory:", "sqlite://", "sqlite:///"])
async def test_sqlite_without_a_file_is_refused(postern: Postern, url: str) -> None:
    """Never taken for PostgreSQL"""
    assert_one_line(await postern("users", "list", DATABASE_URL=url), "DATABASE_URL: ")


async def test_a_corrupt_database_file_is_a_one_line_error(
    postern: Postern, tmp_path: Path
) -> None:
    """Faults row 16"""
    (tmp_path / "broken.db").write_bytes(b"this is no database at all" * 100)

    result = await postern("users", "list", DATABASE_URL="sqlite:///broken.db")

    assert_one_line(result, "DATABASE_URL")
    assert (tmp_path / "broken.db").read_bytes() == b"this is no database at all" * 100


@pytest.mark.parametrize("command", [("users", "list"), ("migrate",)])
async def test_a_database_of_a_newer_release_is_refused(
    postern: Postern, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Faults row 16"""
    await postern("migrate", DATABASE_URL="sqlite:///newer.db")
    connection = sqlite3.connect(tmp_path / "newer.db", isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = '2099_01_01_future'")
    connection.close()

    result = await postern(*command)

    assert_one_line(result, "2099_01_01_future")


async def test_a_database_of_another_program_is_refused_and_not_changed(
    postern: Postern, tmp_path: Path
) -> None:
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
    connection.close()

    result = await postern("users", "list", DATABASE_URL="sqlite:///other.db")

    connection = sqlite3.connect(tmp_path / "other.db")
    tables = connection.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
    connection.close()
    assert_one_line(result, "DATABASE_URL")
    assert tables == [("users",)]


async def test_demo_reports_an_unreachable_server_in_one_line(
    postern: Postern, busy_port: str
) -> None:
    result = await postern("demo", "--url", "http://127.0.0.1:1")

    assert result.code in (1, 2)
    assert "Traceback" not in result.errors
    assert result.errors.count("\n") == 1
