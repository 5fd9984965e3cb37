"""`postern users list` and `postern clients list`, whatever their number."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import insert

from app.models.accounts.users import users
from app.models.clients.clients import clients
from app.repositories.accounts.users import UserRepository
from tests.cli.conftest import Postern
from tests.cli.processes import COMMAND, environment
from tests.repositories.plans.rows import value_of
from tests.support.application import SECRET_KEY
from tests.support.databases import Databases
from tests.support.machine import scaled
from tests.support.parts import open_database

pytestmark = pytest.mark.both_databases

MANY = 250
PAGE = 100


@pytest.fixture
async def url(databases: Databases, database_kind: str) -> str:
    made = await databases.migrated(database_kind)
    async with open_database(made) as database, database.transaction() as connection:
        for table, given in ((users, {"otp_secret": None}), (clients, {})):
            rows = [
                {each.name: value_of(each, number) for each in table.columns} | given
                for number in range(1, MANY + 1)
            ]
            await connection.execute(insert(table), rows)
    return made


@pytest.mark.parametrize(("command", "key"), [("users", "user_id"), ("clients", "client_id")])
async def test_every_page_is_printed_in_one_list(
    postern: Postern, url: str, command: str, key: str
) -> None:
    listed = await postern(command, "list", "--json", DATABASE_URL=url)
    table = await postern(command, "list")

    rows = json.loads(listed.output)
    assert {row[key] for row in rows} == {f"id-{number}" for number in range(1, MANY + 1)}
    assert listed.output == json.dumps(rows, indent=2) + "\n"
    assert len(table.output.splitlines()) == MANY + 1
    assert len({line.split()[0] for line in table.output.splitlines()}) == MANY + 1


async def test_a_page_is_printed_before_the_next_one_is_read(
    postern: Postern, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that a million users need no more memory than a hundred."""
    read, printed = UserRepository.list_page, []

    async def counted(self: UserRepository, *, after: str = "", limit: int = PAGE) -> object:
        printed.append(len(capsys.readouterr().out.splitlines()))
        return await read(self, after=after, limit=limit)

    monkeypatch.setattr(UserRepository, "list_page", counted)

    await postern("users", "list", DATABASE_URL=url)

    assert printed == [0, PAGE + 1, PAGE, MANY - 2 * PAGE]


@pytest.mark.slow
async def test_a_reader_that_stops_early_causes_no_error(url: str, tmp_path: Path) -> None:
    """As with `postern users list | head -1`"""
    command = f"{' '.join(COMMAND)} users list | head -1"
    ended = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=tmp_path,
        env=environment(tmp_path, {"DATABASE_URL": url, "SECRET_KEY": SECRET_KEY}),
        capture_output=True,
        text=True,
        timeout=scaled(60),
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("username ")
    assert "Traceback" not in ended.stderr
