"""`postern demo`: the whole quick start, shown step by step."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Postern
from tests.cli.processes import run, serving
from tests.cli.terminal import qr_text_in

pytestmark = pytest.mark.slow

STEPS = [
    "POST /register_user -> 201",
    "POST /verify_otp -> 200",
    "POST /create_client -> 201",
    "POST /token -> 200",
    "POST /token -> 200",
    "POST /token -> 200",
    "GET /profile -> 200",
    "GET /profile -> 200",
]


def steps_in(output: str) -> list[str]:
    return [line.rpartition(": ")[2] for line in output.splitlines() if " -> " in line]


def found_in(pattern: str, output: str) -> str:
    found = re.search(pattern, output)
    assert found is not None, output
    return found[1]


async def test_the_demo_runs_the_quick_start_and_ends_with_a_profile(postern: Postern) -> None:
    result = await postern("demo")

    assert result.code == 0, result.errors
    assert steps_in(result.output) == STEPS
    assert qr_text_in(result.output) in result.output.splitlines()
    assert "type: client" in result.output
    assert "type: user" in result.output
    assert "otp_verified: True" in result.output


async def test_the_demo_can_be_repeated_on_the_same_database(postern: Postern) -> None:
    await postern("migrate")
    first, second = await postern("demo"), await postern("demo")

    assert (first.code, second.code) == (0, 0)


def test_the_demo_runs_against_a_running_server_too(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        result = run(tmp_path, "demo", "--url", server.url)

    assert result.returncode == 0, result.stderr
    assert steps_in(result.stdout) == STEPS
    assert "Traceback" not in result.stderr
    name = found_in(r"The user (demo-[0-9a-f]{6}) remains on the server\.", result.stdout)
    assert f"The client {name}-app remains on the server." in result.stdout


def test_the_demo_runs_against_a_server_with_a_self_signed_certificate(tmp_path: Path) -> None:
    with serving(tmp_path, "--https") as server:
        url = server.url.replace("127.0.0.1", "localhost")
        without = run(tmp_path, "demo", "--url", url)
        result = run(tmp_path, "demo", "--url", url, "--insecure")

    assert without.returncode == 2
    assert "--insecure" in without.stderr
    assert without.stderr.count("\n") == 1
    assert result.returncode == 0, result.stderr
    assert steps_in(result.stdout) == STEPS


async def test_the_demo_removes_the_rows_it_created(postern: Postern, tmp_path: Path) -> None:
    await postern("migrate")
    result = await postern("demo")

    name = found_in(r"Removed the user (demo-[0-9a-f]{6})\.", result.output)
    assert f"Removed the client {name}-app." in result.output
    with closing(sqlite3.connect(tmp_path / "data" / "postern.db")) as database:
        for table in ("users", "clients", "consents", "token_families"):
            rows = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            assert rows == 0, table


async def test_the_demo_removes_the_rows_it_created_even_if_a_step_fails(
    postern: Postern, tmp_path: Path
) -> None:
    """As where clients may not be created"""
    await postern("migrate")
    result = await postern(
        "demo", APP_ENV="production", REGISTRATION="open", ISSUER="https://login.example.com"
    )

    assert result.code == 2, result.output
    assert "/create_client responded with 401" in result.errors
    assert "Removed the user demo-" in result.output


async def test_the_demo_works_if_every_sign_in_requires_a_code(postern: Postern) -> None:
    """CONTRACT: OTP_POLICY=every_login"""
    result = await postern("demo", OTP_POLICY="every_login")

    assert result.code == 0, result.errors
