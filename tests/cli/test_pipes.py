"""Output into a pipe: one full line a row, whatever the terminal, and no error if it is closed."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.processes import COMMAND, environment, run_on_terminal
from tests.support.application import SECRET_KEY, Application
from tests.support.machine import scaled

pytestmark = pytest.mark.slow

POSTERN = " ".join(COMMAND)
NARROW = {"COLUMNS": "20", "LINES": "5", "TERM": "xterm-256color", "FORCE_COLOR": "1"}
URIS = [f"https://app.example.com/a/rather/long/path/{number}/callback" for number in range(20)]

Shell = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
async def shell(app: Application, tmp_path: Path) -> Shell:
    """Runs a line of the shell on the application's database, as in a narrow terminal."""
    for _ in range(3):
        await app.enrolled_user()
        metadata = {"client_name": "x" * 80, "redirect_uris": URIS}
        assert (await app.http.post("/register", json=metadata)).status_code == 201
    variables = {"DATABASE_URL": app.settings.database_url, "SECRET_KEY": SECRET_KEY, **NARROW}

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"],
            cwd=tmp_path,
            env=environment(tmp_path, variables),
            capture_output=True,
            text=True,
            timeout=scaled(60),
        )

    return run


def cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(value)
    if value in (None, {}):
        return "-"
    return json.dumps(value) if isinstance(value, dict) else str(value)


def lines_of(rows: list[dict[str, Any]]) -> list[str]:
    """The columns of a table, as wide as their longest cell and two spaces apart."""
    table = [list(rows[0]), *([cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    ]


@pytest.mark.parametrize("command", ["users list", "clients list", "keys list"])
async def test_a_row_is_one_full_line(shell: Shell, command: str) -> None:
    await asyncio.to_thread(shell, f"{POSTERN} keys rotate")

    async def rows_now() -> list[dict[str, Any]]:
        shown = await asyncio.to_thread(shell, f"{POSTERN} {command} --json | cat")
        rows: list[dict[str, Any]] = json.loads(shown.stdout)
        return rows

    rows = await rows_now()
    while True:
        table = await asyncio.to_thread(shell, f"{POSTERN} {command} | cat")
        before, rows = rows, await rows_now()
        if rows == before:  # a new key begins to sign a minute after the rotation
            break

    assert len(rows) >= 3
    assert table.returncode == 0
    assert table.stdout.splitlines() == lines_of(rows)


async def test_a_single_row_has_a_line_for_each_column(shell: Shell) -> None:
    shown = await asyncio.to_thread(
        shell, f"id=$({POSTERN} clients list | tail -1 | cut -d' ' -f1); {POSTERN} clients show $id"
    )

    lines = shown.stdout.splitlines()
    width = len("token_endpoint_auth_method")
    assert shown.returncode == 0
    assert {line[width : width + 2] for line in lines} == {"  "}
    assert f"{'redirect_uris'.ljust(width)}  {' '.join(URIS)}" in lines


@pytest.mark.parametrize(
    "command",
    [
        "users list",
        "clients list --json",
        "keys list",
        "audit list",
        "--help",
    ],
)
async def test_a_reader_that_stops_early_causes_no_error(shell: Shell, command: str) -> None:
    whole = await asyncio.to_thread(shell, f"{POSTERN} {command} | cat")

    result = await asyncio.to_thread(shell, f"{POSTERN} {command} | head -1")

    assert result.returncode == 0, result.stderr
    assert result.stdout == whole.stdout.partition("\n")[0] + "\n"
    assert "Traceback" not in result.stderr
    assert "Error" not in result.stderr


async def test_a_reader_that_has_gone_before_the_first_line_causes_no_error(shell: Shell) -> None:
    result = await asyncio.to_thread(shell, f"{POSTERN} clients list > >(true); echo status $?")

    assert result.stdout == "status 0\n"
    assert "Traceback" not in result.stderr


async def test_json_is_the_same_on_a_terminal(
    app: Application, shell: Shell, tmp_path: Path
) -> None:
    piped = await asyncio.to_thread(shell, f"{POSTERN} clients list --json")

    printed = await asyncio.to_thread(
        run_on_terminal,
        tmp_path,
        *("clients", "list", "--json"),
        DATABASE_URL=app.settings.database_url,
        SECRET_KEY=SECRET_KEY,
    )

    assert (printed.returncode, printed.stdout) == (0, piped.stdout)
