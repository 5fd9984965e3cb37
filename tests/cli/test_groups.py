"""`postern groups …`: groups, their attributes and their members."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Postern, Result
from tests.support.administration import define, id_of, new_role
from tests.support.application import Application, TestUser
from tests.support.parts import services_of


@pytest.fixture
def groups(app: Application, postern: Postern) -> Postern:
    """`postern groups …` on the database of the running application."""

    async def run(*arguments: str) -> Result:
        return await postern("groups", *arguments, DATABASE_URL=app.settings.database_url)

    return run


async def created(groups: Postern, *arguments: str) -> dict[str, Any]:
    result = await groups("create", "--json", *arguments)
    assert result.code == 0, result.errors
    row: dict[str, Any] = json.loads(result.output)
    return row


async def test_a_created_group_is_listed_and_shown(app: Application, groups: Postern) -> None:
    name = app.new_name("Developers ")

    row = await created(groups, name, "--description", "They write code")
    listed, shown = await groups("list", "--json"), await groups("show", name.upper(), "--json")

    assert row in json.loads(listed.output)
    assert json.loads(shown.output) == {**row, "roles": []}
    assert (row["description"], row["owner"]) == ("They write code", "manual")


async def test_groups_are_found_by_the_beginning_of_their_name(
    app: Application, groups: Postern
) -> None:
    stem = app.new_name("Team")
    rows = [await created(groups, f"{stem}{letter}") for letter in "ab"]
    await created(groups, app.new_name("Other"))

    found = await groups("list", "--search", stem.upper(), "--json")
    first = await groups("list", "--search", stem, "--limit", "1", "--json")
    none = await groups("list", "--search", f"{stem}c")

    assert json.loads(found.output) == rows
    assert json.loads(first.output) == rows[:1]
    assert none.output == "none\n"


async def test_show_names_the_roles_of_a_group(app: Application, groups: Postern) -> None:
    row = await created(groups, app.new_name("ops"))
    group = await services_of(app).accounts.groups.get(row["group_id"])
    role = await new_role(app, group)

    shown = await groups("show", group.name, "--json")

    assert json.loads(shown.output)["roles"] == [role.name]


async def test_a_name_is_taken_regardless_of_case(app: Application, groups: Postern) -> None:
    name = app.new_name("ops")
    await created(groups, name)

    again = await groups("create", name.upper())

    assert (again.code, again.output) == (1, "")
    assert again.errors == "postern: That group name is taken. Choose another one.\n"


async def test_set_changes_only_what_is_named(app: Application, groups: Postern) -> None:
    row = await created(groups, app.new_name("ops"), "--description", "Operations")
    new_name = app.new_name("sre")

    result = await groups("set", row["name"], "--name", new_name, "--json")

    assert json.loads(result.output) == {**row, "name": new_name}


async def test_attributes_have_the_type_of_their_definition(
    app: Application, groups: Postern
) -> None:
    names = [app.new_name("a").replace("-", "_").lower() for _ in range(4)]
    texts = ["Vienna", "3", "true", "x, y"]
    for name, kind in zip(names, ["string", "number", "boolean", "list"], strict=True):
        await define(app, name, kind, applies_to="groups")
    options = [f"--attribute={name}={text}" for name, text in zip(names, texts, strict=True)]

    row = await created(groups, app.new_name("ops"), *options)
    unset = await groups("set", row["name"], "--unset-attribute", names[0], "--json")

    assert row["attributes"] == dict(zip(names, ["Vienna", 3, True, ["x", "y"]], strict=True))
    assert json.loads(unset.output)["attributes"].keys() == set(names[1:])


async def test_members_are_added_listed_and_removed(
    app: Application, user: TestUser, groups: Postern
) -> None:
    row = await created(groups, app.new_name("ops"))

    added = await groups("add-member", row["name"], user.username, "--json")
    again = await groups("add-member", row["name"], user.username, "--json")
    members = await groups("members", row["name"], "--json")
    removed = await groups("remove-member", row["name"], user.username, "--json")
    table = await groups("members", row["name"])
    limited = await groups("members", row["name"], "--limit", "0")

    assert (limited.code, limited.errors) == (1, "postern: --limit must be at least 1.\n")
    assert [json.loads(each.output)["added"] for each in (added, again)] == [True, False]
    (member,) = json.loads(members.output)
    assert (member["username"], member["source"]) == (user.username, "manual")
    assert json.loads(removed.output)["removed"] is True
    assert table.output == "none\n"


async def test_a_membership_is_audited_under_the_name_of_the_operator(
    app: Application, user: TestUser, groups: Postern
) -> None:
    row = await created(groups, app.new_name("ops"))

    await groups("add-member", row["name"], user.username)

    audit, user_id = services_of(app).core.audit, await id_of(app, user)
    events = {each.action: each for each in await audit.list_of_user(user_id, limit=50)}
    assert events["user.group_joined"].actor.startswith("operator:")


async def test_a_deleted_group_is_gone(app: Application, groups: Postern) -> None:
    row = await created(groups, app.new_name("ops"))

    unconfirmed = await groups("delete", row["name"])
    deleted = await groups("delete", row["name"], "--yes")
    shown = await groups("show", row["name"])

    assert (unconfirmed.code, deleted.code) == (1, 0)
    assert (shown.code, shown.errors) == (1, "postern: There is no group with that name.\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["create", ""], "The name: "),
        (["create", "ops", "--attribute", "floor"], "--attribute must be NAME=VALUE."),
        (["create", "ops", "--attribute", "nope=1"], "The attribute nope isn't a defined"),
        (["create", "ops", "--description", "x" * 1001], "--description: "),
        (["set", "ops"], "Nothing to set or unset. See postern groups set --help."),
        (["add-member", "nobody", "nobody"], "There is no group with that name."),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_mistake_is_a_one_line_error(
    groups: Postern, arguments: list[str], line: str
) -> None:
    result = await groups(*arguments)

    assert (result.code, result.output) == (1, "")
    assert result.errors.startswith(f"postern: {line}")
    assert result.errors.count("\n") == 1


async def test_a_group_has_a_second_factor_policy_until_it_is_removed(
    app: Application, groups: Postern
) -> None:
    row = await created(groups, app.new_name("ops"), "--second-factor", "passkey_first")

    kept = await groups("set", row["name"], "--description", "On call", "--json")
    changed = await groups("set", row["name"], "--second-factor", "required", "--json")
    removed = await groups("set", row["name"], "--reset", "second_factor", "--json")
    unknown = await groups("set", row["name"], "--second-factor", "sometimes")

    assert row["second_factor"] == "passkey_first"
    assert json.loads(kept.output)["second_factor"] == "passkey_first"
    assert json.loads(changed.output)["second_factor"] == "required"
    assert json.loads(removed.output)["second_factor"] is None
    assert unknown.code == 2
