"""`postern users create`, `sign-out` and `set-attribute`, and the lists of users."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Postern, Result
from tests.cli.terminal import qr_text_in
from tests.support.administration import new_group
from tests.support.application import Application, TestClient, TestUser, otp_secret_in
from tests.support.people import ALL_SCOPES, access_token, person_with, told
from tests.support.visitor import visiting

PASSWORD = "correct horse battery"


@pytest.fixture
def on_app(app: Application, postern: Postern) -> Postern:
    """`postern …` on the database of the running application."""

    async def run(*arguments: str, typed: str = "") -> Result:
        return await postern(*arguments, typed=typed, DATABASE_URL=app.settings.database_url)

    return run


async def names_in(result: Result) -> list[str]:
    assert result.code == 0, result.errors
    return [row["username"] for row in json.loads(result.output)]


async def created(on_app: Postern, name: str, *options: str) -> dict[str, Any]:
    result = await on_app(
        "users", "create", name, "--stdin", "--json", *options, typed=f"{PASSWORD}\n"
    )
    assert result.code == 0, result.errors
    row: dict[str, Any] = json.loads(result.output)
    return row


async def test_a_created_user_confirms_the_printed_secret_and_gets_tokens(
    app: Application, client: TestClient, on_app: Postern
) -> None:
    name = app.new_name()
    row = await created(on_app, name, "--email", f"{name}@example.com", "--email-verified")
    user = TestUser(name, PASSWORD, otp_secret_in(row["otp_uri"]))

    await app.verify_otp(name, app.code(user))

    assert (await app.password_grant(client, user)).status_code == 200
    of_claims = await app.create_client(scope=ALL_SCOPES)
    claims = await told(app, await access_token(app, of_claims, user, ALL_SCOPES))
    assert claims["sub"] == row["user_id"]
    assert (claims["email"], claims["email_verified"]) == (f"{name}@example.com", True)


async def test_a_verified_address_signs_the_created_user_in(
    app: Application, on_app: Postern
) -> None:
    name = app.new_name()
    address = f"{name}@example.com"
    await created(on_app, name, "--email", address, "--email-verified")

    answer = await app.http.post("/enroll_otp", json={"username": address, "password": PASSWORD})

    assert answer.status_code == 200, answer.text


async def test_the_enrolment_is_drawn_on_the_terminal(app: Application, on_app: Postern) -> None:
    result = await on_app("users", "create", app.new_name(), typed=f"{PASSWORD}\n")

    assert result.code == 0, result.errors
    assert qr_text_in(result.output) in result.output.splitlines()


@pytest.mark.parametrize(
    ("options", "typed", "line"),
    [
        ([], "short", "A password must have 8 to 256 characters."),
        (["--email", "nothing"], PASSWORD, "--email: must be an e-mail address"),
        (["--email-verified"], PASSWORD, "Cannot set email_verified"),
        (["--address", "Vienna"], PASSWORD, "--address: must be a JSON object"),
    ],
)
async def test_a_mistake_creates_no_user(
    app: Application, on_app: Postern, options: list[str], typed: str, line: str
) -> None:
    name = app.new_name()

    result = await on_app("users", "create", name, *options, typed=f"{typed}\n")

    assert (result.code, result.output) == (1, "")
    assert result.errors.startswith(f"postern: {line}")
    assert (await on_app("users", "show", name)).code == 1


async def test_a_taken_username_is_refused(user: TestUser, on_app: Postern) -> None:
    result = await on_app("users", "create", user.username.upper(), typed=f"{PASSWORD}\n")

    assert (result.code, result.output) == (1, "")
    assert "taken" in result.errors


async def test_search_finds_words_of_the_name_by_their_beginning(
    app: Application, on_app: Postern
) -> None:
    family_name = app.new_name("Lovelace")
    ada = await person_with(app, name=f"Ada {family_name}")

    found = await on_app("users", "list", "--search", f"ad {family_name[:12].lower()}", "--json")

    assert ada.username in await names_in(found)
    assert await names_in(await on_app("users", "list", "--search", "zzzzz", "--json")) == []


async def test_the_members_of_a_group_are_listed_and_searched(
    app: Application, user: TestUser, on_app: Postern
) -> None:
    other = await app.enrolled_user()
    group = await new_group(app, user, other)

    everyone = await on_app("users", "list", "--group", group.name, "--json")
    one = await on_app("users", "list", "--group", group.name, "--search", user.username, "--json")

    assert set(await names_in(everyone)) == {user.username, other.username}
    assert await names_in(one) == [user.username]


async def test_users_who_have_not_signed_in_since_a_time_are_listed(
    app: Application, user: TestUser, on_app: Postern
) -> None:
    all_users = await on_app("users", "list", "--not-signed-in-since", "2999-01-01", "--json")
    none = await on_app("users", "list", "--not-signed-in-since", "2000-01-01", "--json")

    assert user.username in await names_in(all_users)
    assert await names_in(none) == []


async def test_users_who_have_not_signed_in_can_be_searched_and_limited_to_a_group(
    app: Application, user: TestUser, on_app: Postern
) -> None:
    other = await app.enrolled_user()
    group = await new_group(app, user, other)
    inactive = ("users", "list", "--not-signed-in-since", "2999-01-01", "--json")

    members = await on_app(*inactive, "--group", group.name)
    one = await on_app(*inactive, "--group", group.name, "--search", user.username)
    found = await on_app(*inactive, "--search", other.username)

    assert set(await names_in(members)) == {user.username, other.username}
    assert await names_in(one) == [user.username]
    assert await names_in(found) == [other.username]


async def test_a_list_has_at_most_the_wanted_number_of_rows(
    app: Application, on_app: Postern
) -> None:
    for _ in range(3):
        await app.register()

    two, none = (
        await on_app("users", "list", "--limit", "2", "--json"),
        await on_app("users", "list", "--limit", "0"),
    )

    assert len(await names_in(two)) == 2
    assert (none.code, none.errors) == (1, "postern: --limit must be at least 1.\n")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--not-signed-in-since", "soon"], "--not-signed-in-since: must be a date or time"),
        (["--search", " "], "--search must contain a word."),
        (["--group", "nobody"], "There is no group with that name."),
    ],
)
async def test_a_mistake_in_a_list_is_a_one_line_error(
    on_app: Postern, options: list[str], line: str
) -> None:
    result = await on_app("users", "list", *options)

    assert (result.code, result.output) == (1, "")
    assert result.errors.startswith(f"postern: {line}")


async def test_attributes_are_defined_set_shown_and_unset(
    app: Application, user: TestUser, on_app: Postern
) -> None:
    name = app.new_name("floor").replace("-", "_")

    defined = await on_app("attributes", "define", name, "--type", "number", "--json")
    value = await on_app("users", "set-attribute", user.username, name, "3", "--json")
    wrong = await on_app("users", "set-attribute", user.username, name, "third")
    shown = await on_app("users", "show", user.username, "--json")
    unset = await on_app("users", "unset-attribute", user.username, name, "--json")

    assert json.loads(defined.output)["applies_to"] == "users"
    assert json.loads(value.output)["attributes"] == {name: 3}
    assert wrong.errors == f"postern: The attribute {name} must be a number.\n"
    assert json.loads(shown.output)["attributes"] == {name: 3}
    assert json.loads(unset.output)["attributes"] == {}


async def test_the_definition_of_an_attribute_is_changed(app: Application, on_app: Postern) -> None:
    name = app.new_name("floor").replace("-", "_")
    defined = await on_app("attributes", "define", name, "--type", "number", "--json")

    stated = ("--editable-by", "user", "--description", "Where you work")
    changed = await on_app("attributes", "set", name, *stated, "--json")
    nothing = await on_app("attributes", "set", name)
    unknown = await on_app("attributes", "set", f"{name}x", *stated)
    await on_app("attributes", "delete", name, "--yes")

    row = json.loads(defined.output)
    assert json.loads(changed.output) == {
        **row,
        "editable_by": "user",
        "description": "Where you work",
    }
    assert nothing.errors == "postern: Nothing to set. See postern attributes set --help.\n"
    assert (unknown.code, unknown.output) == (1, "")


async def test_an_attribute_that_is_not_defined_is_refused(user: TestUser, on_app: Postern) -> None:
    result = await on_app("users", "set-attribute", user.username, "nope", "3")

    assert result.errors == "postern: The attribute nope isn't a defined attribute.\n"


async def test_a_deleted_definition_is_not_listed(app: Application, on_app: Postern) -> None:
    name = app.new_name("floor").replace("-", "_")
    await on_app("attributes", "define", name, "--type", "string")

    before = await on_app("attributes", "list", "--json")
    unconfirmed = await on_app("attributes", "delete", name)
    deleted = await on_app("attributes", "delete", name, "--yes")
    after = await on_app("attributes", "list", "--json")

    assert (unconfirmed.code, deleted.code) == (1, 0)
    assert name in {row["name"] for row in json.loads(before.output)}
    assert name not in {row["name"] for row in json.loads(after.output)}


async def test_sign_out_ends_the_sessions_of_a_user_with_their_tokens(
    app: Application, user: TestUser, on_app: Postern
) -> None:
    client = await app.create_client(scope=ALL_SCOPES)
    async with visiting(app) as visitor:
        tokens = await visitor.tokens_for(client, user, scope="openid")
        before = await app.is_active(client, tokens["access_token"])

        result = await on_app("users", "sign-out", user.username, "--json")

        page = await visitor.get("/account")
    assert json.loads(result.output) == {"username": user.username, "ended_sessions": 1}
    assert (before, await app.is_active(client, tokens["access_token"])) == (True, False)
    assert page.is_redirect


async def test_show_names_the_groups_of_a_user(
    app: Application, user: TestUser, on_app: Postern
) -> None:
    group = await new_group(app, user)

    shown = await on_app("users", "show", user.username, "--json")

    assert json.loads(shown.output)["groups"] == [group.name]
