"""Roles and attributes of users in files: exported as they are imported, or refused by line."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.models.accounts.roles import ADMINISTRATOR
from app.repositories.accounts.imports import UserImportRepository
from app.repositories.accounts.roles import RoleRepository
from app.services.operations.authority import FULL
from tests.cli.conftest import ImportText, Postern
from tests.cli.user_files import json_lines, messages_in, names_of_users
from tests.conftest import AppFactory
from tests.support.account import stored
from tests.support.administration import define, id_of, new_role
from tests.support.application import Application, TestClient, TestUser, running_application
from tests.support.databases import Databases
from tests.support.events import new_event
from tests.support.parts import services_of

pytestmark = pytest.mark.both_databases

DEFINITIONS = {
    "floor": ("number", {}),
    "remote": ("boolean", {}),
    "site": ("string", {}),
    "tags": ("list", {}),
    "motto": ("string", {"editable_by": "user"}),
}
WIKI = "wiki"
VOUCHED = {"floor": 3.5, "remote": False, "site": '=1;"a,b"', "tags": ["a;b", "", "ü"]}


@pytest_asyncio.fixture
async def other(databases: Databases, database_kind: str) -> AsyncIterator[Application]:
    """Another server, without users."""
    async with running_application(await databases.migrated(database_kind)) as application:
        yield application


async def define_all(app: Application) -> None:
    for name, (kind, values) in DEFINITIONS.items():
        await define(app, name, kind, **values)


async def roles_of(app: Application, user: TestUser) -> list[tuple[str, str]]:
    roles = await services_of(app).accounts.role_grants.roles_of_user(await id_of(app, user))
    return [(role.client_id, role.name) for role in roles]


async def attributes_of(app: Application, user: TestUser) -> dict[str, Any]:
    return dict(await services_of(app).accounts.user_attributes.of(await id_of(app, user)))


@pytest.mark.parametrize("name", ["users.csv", "users.jsonl"])
async def test_roles_and_attributes_are_exported_as_they_are_imported(
    start_app: AppFactory, other: Application, postern: Postern, tmp_path: Path, name: str
) -> None:
    app = await start_app()
    user, plain = await app.register(), await app.register()
    attributes = services_of(app).accounts.user_attributes
    for server in (app, other):
        await define_all(server)
        url = server.settings.database_url
        await postern(
            "clients", "create", "Wiki", "--kind", "service", "--client-id", WIKI, DATABASE_URL=url
        )
    await attributes.set(await id_of(app, user), VOUCHED, authority=FULL)
    await attributes.set_own(await id_of(app, user), {"motto": "Onwards"})
    for name_of_role, client in (("editor", None), ("wiki:editor", None), ("-editor", WIKI)):
        of_client = TestClient(client, "") if client is not None else None
        await new_role(app, user, name=name_of_role, client=of_client)
        await new_role(other, name=name_of_role, client=of_client)
    suffix, source = name.partition(".")[2], app.settings.database_url
    exported = await postern("users", "export", "--format", suffix, DATABASE_URL=source)
    (tmp_path / name).write_text(exported.output, encoding="utf-8")

    result = await postern("users", "import", name, DATABASE_URL=other.settings.database_url)

    assert result.code == 0, result.errors
    assert await roles_of(other, user) == await roles_of(app, user)
    assert len(await roles_of(other, user)) == 3
    assert await attributes_of(other, user) == {**VOUCHED, "motto": "Onwards"}
    assert (await roles_of(other, plain), await attributes_of(other, plain)) == ([], {})
    again = await postern(
        "users", "export", "--format", suffix, DATABASE_URL=other.settings.database_url
    )
    assert without_ids(again.output) == without_ids(exported.output)


def without_ids(text: str) -> list[Any]:
    """Return the rows without the id and the time of creation, which are those of a new user."""
    if not text.startswith("{"):
        return [[*line.split(",")[:1], *line.split(",")[2:-1]] for line in text.splitlines()]
    rows = [json.loads(line) for line in text.splitlines()]
    return [{**row, "user_id": "", "created_at": ""} for row in rows]


async def test_what_no_import_accepts_is_not_exported(
    start_app: AppFactory, postern: Postern
) -> None:
    """Reserved roles, and values whose attribute was deleted"""
    app = await start_app()
    user = await app.register()
    user_id, accounts = await id_of(app, user), services_of(app).accounts
    await define(app, "floor", "number")
    await accounts.user_attributes.set(user_id, {"floor": 3}, authority=FULL)
    await accounts.attributes.delete("floor", authority=FULL)
    await accounts.role_grants.grant_to_user(ADMINISTRATOR, user_id, authority=FULL)

    result = await postern(
        "users", "export", "--format", "jsonl", DATABASE_URL=app.settings.database_url
    )

    (row,) = map(json.loads, result.output.splitlines())
    assert row.keys() == {"username", "user_id", "disabled", "created_at"}


async def test_unknown_roles_and_attributes_are_listed_by_line_and_nothing_is_imported(
    start_app: AppFactory, postern: Postern, tmp_path: Path
) -> None:
    app = await start_app()
    valid = app.new_name()
    await define_all(app)
    await define(app, "building", "string", applies_to="groups")
    client = await app.create_client()
    await new_role(app, name="editor", client=client)
    rows: list[dict[str, Any]] = [
        {"username": valid, "roles": [f"{client.client_id}:editor"], "attributes": {"floor": 1}},
        {"username": app.new_name(), "roles": ["editor", "no:such"]},
        {"username": app.new_name(), "roles": ["administrator"]},
        {"username": app.new_name(), "roles": ["two words"]},
        {"username": app.new_name(), "attributes": {"flor": 1, "floor": "1", "building": "A"}},
        {"username": app.new_name(), "attributes": {"site": "x" * 1001}},
        {"username": app.new_name(), "own_attributes": {"motto": 1, "site": "x"}},
        {"username": app.new_name(), "attributes": "floor=3"},
        {"username": app.new_name(), "attributes": {"\x1b[2J": 1}},
    ]
    (tmp_path / "users.jsonl").write_text(json_lines(*rows))

    result = await postern("users", "import", "users.jsonl", DATABASE_URL=app.settings.database_url)

    *listed, last = messages_in(result)
    assert (result.code, result.output) == (1, "")
    assert last == f"postern: {len(listed)} problems. Nothing was imported."
    assert listed == [
        "line 2: roles: there is no role editor",
        "line 2: roles: there is no role no:such",
        "line 3: roles: administrator and auditor are granted by postern admin only",
        "line 4: roles.0.name: String should match pattern '^[A-Za-z0-9._:/-]{1,128}$'",
        "line 5: attributes.flor isn't a defined attribute.",
        "line 5: attributes.floor has a value of the wrong type.",
        "line 5: attributes.building isn't a defined attribute.",
        "line 6: attributes.site has a value that isn't allowed.",
        "line 7: own_attributes.motto has a value of the wrong type.",
        "line 7: own_attributes.site: users cannot edit this attribute",
        "line 8: attributes: must be valid JSON",
        "line 9: attributes.'\\x1b[2J' isn't a defined attribute.",
    ]
    assert valid not in await names_of_users(app, postern)


async def test_a_role_that_is_deleted_meanwhile_leaves_no_user_behind(
    app: Application,
    import_text: ImportText,
    postern: Postern,
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    role, name = await new_role(app, client=client), app.new_name()
    add_all = UserImportRepository.add_all

    async def overtaken(self: UserImportRepository, *rows: Any, **named: Any) -> bool:
        assert await RoleRepository(self._database).delete(role, event=new_event())
        return await add_all(self, *rows, **named)

    monkeypatch.setattr(UserImportRepository, "add_all", overtaken)

    result = await import_text(f"username,roles\n{name},{client.client_id}:{role.name}\n")

    assert result.code == 1
    assert name not in await names_of_users(app, postern)


async def test_roles_and_attributes_of_an_import_are_in_the_audit_log(
    start_app: AppFactory, postern: Postern, tmp_path: Path
) -> None:
    app = await start_app()
    name = app.new_name()
    await define(app, "floor", "number")
    await new_role(app, name="editor")
    row = {"username": name, "roles": ["editor"], "attributes": {"floor": 3}}
    (tmp_path / "users.jsonl").write_text(json_lines(row))
    url = app.settings.database_url

    await postern("users", "import", "users.jsonl", DATABASE_URL=url)

    listed = await postern("audit", "list", "--user", name, "--json", DATABASE_URL=url)
    (event,) = json.loads(listed.output)
    after = event["details"]["after"]
    assert (after["roles"], after["attributes"]) == (["editor"], {"floor": 3})
    assert (await stored(app, TestUser(name, "", ""))).username == name
