"""`postern users export`: a file that `postern users import` reads, without secrets by default."""

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.cli.conftest import Postern, Result
from tests.conftest import AppFactory
from tests.support.account import stored
from tests.support.administration import id_of, new_group
from tests.support.application import PASSWORD, Application, TestUser, running_application
from tests.support.databases import Databases
from tests.support.parts import services_of
from tests.support.people import CLAIMS, person_with

pytestmark = pytest.mark.both_databases

HOSTILE = {
    "name": '=HYPERLINK("https://evil.example")',
    "given_name": "+1",
    "family_name": "-1",
    "middle_name": "@SUM(1)",
    "nickname": "'=1",
    "gender": 'a "quoted", text',
    "phone_number": "+43 1 234567",
}


@pytest.fixture
def export(app: Application, postern: Postern) -> Postern:
    """`postern users export` from the database of the running application."""

    async def run(*options: str) -> Result:
        return await postern("users", "export", *options, DATABASE_URL=app.settings.database_url)

    return run


@pytest_asyncio.fixture
async def other(databases: Databases, database_kind: str) -> AsyncIterator[Application]:
    """Another server, without users."""
    async with running_application(await databases.migrated(database_kind)) as application:
        yield application


def rows_in(result: Result) -> dict[str, dict[str, Any]]:
    """The users in JSON lines, by their name."""
    assert result.code == 0, result.errors
    rows = map(json.loads, result.output.splitlines())
    return {row["username"]: row for row in rows}


async def test_json_lines_have_what_is_stored_about_a_user(
    app: Application, export: Postern
) -> None:
    zoe, other = await person_with(app, **CLAIMS), await app.register()

    rows = rows_in(await export("--format", "jsonl"))

    user = await stored(app, zoe)
    assert rows[zoe.username] == {
        "username": zoe.username,
        "user_id": user.user_id,
        **CLAIMS,
        "email_verified": False,
        "phone_number_verified": False,
        "disabled": False,
        "created_at": user.created_at.isoformat(timespec="seconds"),
    }
    assert rows[other.username].keys() == {"username", "user_id", "disabled", "created_at"}


@pytest.mark.parametrize("name", ["users.csv", "users.jsonl"])
async def test_groups_are_exported_as_they_are_imported(
    start_app: AppFactory, other: Application, postern: Postern, tmp_path: Path, name: str
) -> None:
    app = await start_app()
    user, member = await app.register(), await app.register()
    plain, odd = await new_group(app, user, member), await new_group(app, user, name="=semi; colon")
    for group in (plain, odd):
        await new_group(other, name=group.name)
    suffix, source = name.partition(".")[2], app.settings.database_url
    exported = await postern("users", "export", "--format", suffix, DATABASE_URL=source)
    (tmp_path / name).write_text(exported.output, encoding="utf-8")

    result = await postern("users", "import", name, DATABASE_URL=other.settings.database_url)

    assert result.code == 0, result.errors
    groups = services_of(other).accounts.groups
    joined = {
        each.username: [group.name for group, _ in await groups.groups_of(await id_of(other, each))]
        for each in (user, member)
    }
    assert joined == {user.username: [odd.name, plain.name], member.username: [plain.name]}


async def test_csv_has_no_cell_that_a_spreadsheet_would_run(
    app: Application, export: Postern
) -> None:
    user = await person_with(app, **HOSTILE)

    result = await export()

    header, *rows = csv.reader(io.StringIO(result.output))
    (row,) = [dict(zip(header, each, strict=True)) for each in rows if each[0] == user.username]
    assert row["name"] == f"'{HOSTILE['name']}"
    assert row["nickname"] == "''=1"
    assert row["gender"] == HOSTILE["gender"]
    assert not [cell for each in rows for cell in each if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("options", [(), ("--format", "jsonl")])
async def test_secrets_are_only_exported_if_the_hashes_are_asked_for(
    app: Application, export: Postern, options: tuple[str, ...]
) -> None:
    """SECURITY_BAR rows 13 and 20: the TOTP secret is not exported at all"""
    user = await app.enrolled_user()
    hashed = (await stored(app, user)).password_hash

    without, with_hashes = await export(*options), await export(*options, "--with-hashes")

    assert "password_hash" not in without.output
    assert hashed not in without.output
    assert hashed in with_hashes.output
    for result in (without, with_hashes):
        assert result.code == 0
        assert user.otp_secret not in result.output


@pytest.mark.parametrize("name", ["users.csv", "users.jsonl"])
async def test_an_export_can_be_imported_without_loss(
    app: Application,
    other: Application,
    export: Postern,
    postern: Postern,
    tmp_path: Path,
    name: str,
) -> None:
    suffix = name.partition(".")[2]
    people = [await person_with(app, **CLAIMS), await person_with(app, **HOSTILE)]
    exported = await export("--format", suffix, "--with-hashes")
    (tmp_path / name).write_text(exported.output, encoding="utf-8")

    imported = await postern("users", "import", name, DATABASE_URL=other.settings.database_url)

    assert imported.code == 0, imported.errors
    for user in people:
        before, after = await stored(app, user), await stored(other, user)
        assert json.loads(after.claims) == json.loads(before.claims)
        assert after.password_hash == before.password_hash
        assert after.username == before.username
        assert not after.has_confirmed_otp
    again = await postern(
        "users", "export", "--format", suffix, DATABASE_URL=other.settings.database_url
    )
    assert people[0].username in again.output
    await assert_has_password(other, people[0])


async def assert_has_password(app: Application, user: TestUser) -> None:
    body = {"username": user.username, "password": PASSWORD}
    assert (await app.http.post("/enroll_otp", json=body)).status_code == 200


async def test_an_export_is_audited(app: Application, export: Postern, postern: Postern) -> None:
    await export("--with-hashes")

    arguments = ("--action", "users.exported", "--limit", "1", "--json")
    listed = await postern("audit", "list", *arguments, DATABASE_URL=app.settings.database_url)

    (event,) = json.loads(listed.output)
    assert event["details"] == {"with_hashes": True}
    assert event["actor"].startswith("operator:")


async def test_an_export_of_no_users_is_a_header(other: Application, postern: Postern) -> None:
    url = other.settings.database_url

    as_csv = await postern("users", "export", DATABASE_URL=url)
    as_lines = await postern("users", "export", "--format", "jsonl", DATABASE_URL=url)

    assert as_csv.output.startswith("username,user_id,name,")
    assert as_csv.output.count("\n") == 1
    assert as_lines.output == ""
