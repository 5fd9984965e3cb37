"""Output on a terminal: tables that break no ID, and records where a table does not fit."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.processes import run, run_on_terminal
from tests.support.application import SECRET_KEY, Application

pytestmark = pytest.mark.slow

NAMES = ("[red]Shop[/red] :smile: Zoë", "\u5546\u5e97 with a rather long name in two scripts")
RULE = "\u2500"


@pytest.fixture
async def variables(app: Application) -> dict[str, str]:
    """The database of the application, with two clients."""
    for name in NAMES:
        await app.create_client(client_name=f"{name} {app.new_name()}", scope="openid email")
    return {"DATABASE_URL": app.settings.database_url, "SECRET_KEY": SECRET_KEY}


async def rows_of(directory: Path, variables: dict[str, str]) -> list[dict[str, Any]]:
    listed = await asyncio.to_thread(run, directory, "clients", "list", "--json", **variables)
    rows: list[dict[str, Any]] = json.loads(listed.stdout)
    return rows


async def printed(
    directory: Path, variables: dict[str, str], *arguments: str, columns: int
) -> list[str]:
    """The lines of a terminal, without their colours."""
    result = await asyncio.to_thread(
        run_on_terminal, directory, *arguments, columns=columns, **variables
    )
    assert result.returncode == 0, result.stderr
    return re.sub(r"\x1b\[[0-9;]*m", "", result.stdout).splitlines()


@pytest.mark.parametrize("columns", [200, 300])
async def test_a_list_is_a_table_with_whole_words(
    tmp_path: Path, variables: dict[str, str], columns: int
) -> None:
    rows = await rows_of(tmp_path, variables)

    names, rule, *lines = await printed(tmp_path, variables, "clients", "list", columns=columns)

    words = {word for line in lines for word in line.split()}
    assert names.split() == list(rows[0])
    assert set(rule) == {RULE}
    for row in rows:
        assert row["client_id"] in words
        assert set(row["redirect_uris"]) <= words
        assert set(row["client_name"].split()) <= words


async def test_a_table_that_does_not_fit_becomes_records(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    rows = await rows_of(tmp_path, variables)

    lines = await printed(tmp_path, variables, "clients", "list", columns=40)

    for row in rows:
        assert f"{'client_id'.ljust(26)}  {row['client_id']}" in lines
        assert f"{'client_name'.ljust(26)}  {row['client_name']}" in lines
    assert lines.count("") == len(rows)


async def test_a_single_row_is_a_record_on_a_terminal_of_any_width(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    client_id = (await rows_of(tmp_path, variables))[0]["client_id"]

    wide = await printed(tmp_path, variables, "clients", "rotate", client_id, columns=200)
    narrow = await printed(tmp_path, variables, "clients", "rotate", client_id, columns=20)

    for lines in (wide, narrow):
        assert lines[0] == f"client_id      {client_id}"
        assert re.fullmatch(r"client_secret  postern_cs_\S{43,}", lines[1])


async def test_an_empty_list_is_none(tmp_path: Path) -> None:
    database = {"DATABASE_URL": "sqlite:///empty.db"}
    await asyncio.to_thread(run, tmp_path, "migrate", **database)

    assert await printed(tmp_path, database, "users", "list", columns=80) == ["none"]


async def test_help_on_a_terminal_is_drawn_with_boxes_and_ends_with_examples(
    tmp_path: Path,
) -> None:
    lines = await printed(tmp_path, {}, "--help", columns=100)

    text = "\n".join(line.rstrip() for line in lines)
    assert f"{RULE} Commands {RULE}" in text
    assert re.search(r"^ +postern serve +Start the server", text, re.MULTILINE)
