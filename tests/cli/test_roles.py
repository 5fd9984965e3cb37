"""`postern roles …` and `postern admin …`: roles, their grants, and administrators."""

import json

import pytest

from app.schemas.admin_scopes import AdminScope
from app.services.operations.authority import authority_of
from tests.cli.conftest import Postern, Result
from tests.cli.terminal import qr_text_in
from tests.support.administration import id_of, new_group
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import services_of

PASSWORD = "correct horse battery"


@pytest.fixture
def on_app(app: Application, postern: Postern) -> Postern:
    """`postern …` on the database of the running application."""

    async def run(*arguments: str, typed: str = "") -> Result:
        return await postern(*arguments, typed=typed, DATABASE_URL=app.settings.database_url)

    return run


async def test_a_role_is_granted_to_users_and_groups_and_revoked(
    app: Application, user: TestUser, on_app: Postern
) -> None:
    name, group = app.new_name("editor"), await new_group(app)
    await on_app("roles", "create", name, "--description", "Edits")

    to_user = await on_app("roles", "grant", name, "--user", user.username, "--json")
    to_group = await on_app("roles", "grant", name, "--group", group.name)
    shown = await on_app("roles", "show", name, "--json")
    await on_app("roles", "revoke", name, "--user", user.username)
    later = await on_app("roles", "show", name, "--json")

    assert json.loads(to_user.output) == {"role": name, "granted": True}
    assert to_group.code == 0
    holders = {f"user:{user.username}", f"group:{group.name}"}
    assert set(json.loads(shown.output)["granted_to"]) == holders
    assert json.loads(later.output)["granted_to"] == [f"group:{group.name}"]


async def test_the_roles_of_a_client_are_its_own(
    app: Application, client: TestClient, on_app: Postern
) -> None:
    name, of_client = app.new_name("editor"), ("--client", client.client_id)

    created = await on_app("roles", "create", name, *of_client)
    listed = await on_app("roles", "list", *of_client, "--json")
    as_global = await on_app("roles", "show", name)
    deleted = await on_app("roles", "delete", name, *of_client, "--yes")

    assert (created.code, deleted.code) == (0, 0)
    assert [row["name"] for row in json.loads(listed.output)] == [name]
    assert as_global.errors == "postern: There is no role with that name that is global.\n"


async def test_a_role_is_renamed_and_described_and_its_holders_keep_it(
    app: Application, user: TestUser, client: TestClient, on_app: Postern
) -> None:
    name, of_client = app.new_name("editor"), ("--client", client.client_id)
    await on_app("roles", "create", name, *of_client, "--description", "Edits")
    await on_app("roles", "grant", name, *of_client, "--user", user.username)

    renamed = await on_app("roles", "set", name, *of_client, "--name", f"{name}-2", "--json")
    described = await on_app("roles", "set", f"{name}-2", *of_client, "--description", "", "--json")
    shown = await on_app("roles", "show", f"{name}-2", *of_client, "--json")
    gone = await on_app("roles", "show", name, *of_client)

    row = json.loads(renamed.output)
    assert (row["name"], row["description"]) == (f"{name}-2", "Edits")
    assert json.loads(described.output) == {**row, "description": ""}
    assert json.loads(shown.output)["granted_to"] == [f"user:{user.username}"]
    assert gone.code == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["set", "auditor", "--name", "reader"], "This role always exists"),
        (["set", "auditor"], "Nothing to set. See postern roles set --help."),
        (["create", "two words"], "The name: "),
        (["create", "auditor"], "administrator and auditor are reserved names."),
        (["create", "r", "--client", "nobody"], "There is no client with that ID."),
        (["delete", "administrator", "--yes"], "This role always exists"),
        (["delete", "editor"], "Deleting a role cannot be undone."),
        (["grant", "auditor"], "Use either --user or --group."),
        (["grant", "auditor", "--user", "a", "--group", "b"], "Use either --user or --group."),
        (["grant", "auditor", "--user", "nobody"], "There is no user with that name."),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_mistake_is_a_one_line_error(
    on_app: Postern, arguments: list[str], line: str
) -> None:
    result = await on_app("roles", *arguments)

    assert (result.code, result.output) == (1, "")
    assert result.errors.startswith(f"postern: {line}")
    assert result.errors.count("\n") == 1


async def test_admin_create_creates_a_user_who_signs_in(app: Application, on_app: Postern) -> None:
    name = app.new_name("root")

    result = await on_app("admin", "create", name, "--stdin", typed=f"{PASSWORD}\n")
    listed = await on_app("admin", "list", "--json")

    assert result.code == 0, result.errors
    assert qr_text_in(result.output) in result.output.splitlines()
    assert {"kind": "user", "name": name} in json.loads(listed.output)
    credentials = {"username": name, "password": PASSWORD}
    enrolled = await app.http.post("/enroll_otp", json=credentials)
    assert enrolled.status_code == 200, enrolled.text


async def test_admin_create_makes_an_existing_user_an_administrator_and_keeps_the_password(
    app: Application, user: TestUser, client: TestClient, on_app: Postern
) -> None:
    first = await on_app("admin", "create", user.username, "--json", typed="another password\n")
    second = await on_app("admin", "create", user.username, "--json")

    granted = [json.loads(each.output)["granted"] for each in (first, second)]
    assert granted == [True, False]
    assert (await app.password_grant(client, user)).status_code == 200


async def test_the_last_administrator_keeps_the_role(
    app: Application, user: TestUser, on_app: Postern
) -> None:
    other = await app.enrolled_user()
    for each in (user, other):
        await on_app("admin", "create", each.username)
    for row in json.loads((await on_app("admin", "list", "--json")).output):
        if row["name"] not in (user.username, other.username):
            await on_app("admin", "revoke", row["name"])

    first = await on_app("admin", "revoke", user.username, "--json")
    last = await on_app("admin", "revoke", other.username)

    assert json.loads(first.output)["revoked"] is True
    assert (last.code, last.output) == (1, "")
    assert last.errors.startswith("postern: This is the last administrator.")
    roles = await services_of(app).accounts.role_grants.roles_of_user(await id_of(app, other))
    assert [role.name for role in roles] == ["administrator"]


async def test_admin_create_refuses_a_bad_password(app: Application, on_app: Postern) -> None:
    name = app.new_name("root")

    result = await on_app("admin", "create", name, typed="short\n")
    shown = await on_app("users", "show", name)

    assert (result.code, shown.code) == (1, 1)
    assert "8 to 256 characters" in result.errors


async def test_an_administrator_whose_credentials_others_know_is_told_to_get_new_ones(
    app: Application, user: TestUser, on_app: Postern
) -> None:
    """SECURITY_BAR row 52; for the others, tests/security/test_prepared_accounts.py"""
    await services_of(app).accounts.administration.credentials.set_password(
        await id_of(app, user), PASSWORD, authority=authority_of([AdminScope.USERS_WRITE])
    )

    granted = await on_app("admin", "create", user.username)
    again = await on_app("admin", "create", user.username)
    link = await on_app("users", "reset-password", user.username, "--link")

    assert granted.code == 0, granted.errors
    assert "postern users reset-password NAME --link" in granted.errors
    assert "reset-password" not in again.errors
    assert "http" in link.output
