"""`postern users …`: what an operator does, and what people notice of it."""

import json
from typing import Any

import pytest

from tests.api.qr_reader import text_in
from tests.cli.conftest import Postern, Result
from tests.cli.terminal import qr_text_in
from tests.security.factors import audited
from tests.support.account import stored
from tests.support.application import Application, TestClient, TestUser, otp_secret_in
from tests.support.assertions import assert_oauth_error
from tests.support.parts import services_of
from tests.support.people import rename

WRONG_LENGTH = "A password must have 8 to 256 characters."


@pytest.fixture
def users(app: Application, postern: Postern) -> Postern:
    """`postern users …` on the database of the running application."""

    async def run(*arguments: str, typed: str = "") -> Result:
        return await postern(
            "users", *arguments, typed=typed, DATABASE_URL=app.settings.database_url
        )

    return run


async def pair_of(app: Application, client: TestClient, user: TestUser) -> dict[str, Any]:
    answer = await app.password_grant(client, user)
    assert answer.status_code == 200, answer.text
    pair: dict[str, Any] = answer.json()
    return pair


async def assert_signed_out(app: Application, client: TestClient, pair: dict[str, Any]) -> None:
    assert not await app.is_active(client, pair["access_token"])
    assert_oauth_error(await app.refresh(client, pair["refresh_token"]), "invalid_grant")


async def test_list_shows_all_users_without_secrets(app: Application, users: Postern) -> None:
    confirmed, unconfirmed = await app.enrolled_user(), await app.register()

    table, as_json = await users("list"), await users("list", "--json")

    rows = {row["username"]: row for row in json.loads(as_json.output)}
    assert rows[confirmed.username]["otp_confirmed"] is True
    assert rows[unconfirmed.username]["otp_confirmed"] is False
    assert rows[confirmed.username]["disabled"] is False
    assert confirmed.username in table.output
    for result in (table, as_json):
        assert result.code == 0
        assert confirmed.otp_secret not in result.output
        assert "argon2" not in result.output


async def test_list_shows_usernames_that_would_be_refused_today(
    app: Application, user: TestUser, users: Postern
) -> None:
    """UTS 39; the accounts stay and sign in as before"""
    odd = f"p\u0430ypal{app.new_name()}"
    await rename(app, user, odd)

    table, as_json = (
        await users("list", "--odd-names"),
        await users("list", "--odd-names", "--json"),
    )

    (row,) = [each for each in json.loads(as_json.output) if each["username"] == odd]
    assert "scripts" in row["problem"]
    assert odd in table.output
    assert all(each["problem"] for each in json.loads(as_json.output))


async def test_list_prints_none_for_an_empty_database(postern: Postern) -> None:
    await postern("migrate", DATABASE_URL="sqlite:///empty.db")
    table = await postern("users", "list")
    as_json = await postern("users", "list", "--json")

    assert (table.code, table.output) == (0, "none\n")
    assert json.loads(as_json.output) == []


async def test_show_finds_a_user_by_any_spelling(app: Application, users: Postern) -> None:
    user = await app.register(app.new_name("Alice"))

    shown = await users("show", "--json", user.username.upper())

    assert shown.code == 0
    assert json.loads(shown.output)["username"] == user.username


@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("show", "nobody"),
        ("show", "no such name"),
        ("show", ""),
        ("show", "\udcff"),
        ("show", "x" * 1000),
        ("reset-otp", "nobody"),
        ("reset-password", "nobody"),
        ("disable", "nobody"),
        ("enable", "nobody"),
    ],
)
async def test_an_unknown_user_is_a_one_line_error_with_exit_code_1(
    users: Postern, action: str, name: str
) -> None:
    result = await users(action, name, typed="a new and good password\n")

    assert result.code == 1
    assert result.output == ""
    assert result.errors == "postern: There is no user with that name.\n"


async def test_reset_otp_replaces_a_lost_secret(app: Application, users: Postern) -> None:
    user, client = await app.enrolled_user(), await app.create_client()
    pair = await pair_of(app, client, user)

    result = await users("reset-otp", "--json", user.username)

    enrolment = json.loads(result.output)
    renewed = TestUser(user.username, user.password, otp_secret_in(enrolment["otp_uri"]))
    assert result.code == 0
    assert text_in(enrolment["qr_code"]) == enrolment["otp_uri"]
    await assert_signed_out(app, client, pair)
    assert_oauth_error(await app.password_grant(client, user), "invalid_grant")
    app.clock.advance(seconds=30)
    assert (await app.verify_otp(user.username, app.code(user))).status_code == 401
    assert (await app.verify_otp(user.username, app.code(renewed))).status_code == 200
    assert (await app.password_grant(client, user)).status_code == 200
    assert "otp.reset" in [action for action, _ in await audited(app, user)]


async def test_reset_otp_prints_a_scannable_qr_code(app: Application, users: Postern) -> None:
    user = await app.register()

    result = await users("reset-otp", user.username)

    assert qr_text_in(result.output) in result.output
    assert otp_secret_in(qr_text_in(result.output)) != user.otp_secret


async def test_reset_password_sets_the_password_and_revokes_all_tokens(
    app: Application, users: Postern
) -> None:
    """SECURITY_BAR row 9: after a password change"""
    user, client = await app.enrolled_user(), await app.create_client()
    pair = await pair_of(app, client, user)
    new = "a new and good password"

    result = await users("reset-password", "--stdin", user.username, typed=new + "\n")

    assert result.code == 0
    assert new not in result.output + result.errors
    await assert_signed_out(app, client, pair)
    assert_oauth_error(await app.password_grant(client, user), "invalid_grant")
    assert (await app.password_grant(client, user, password=new)).status_code == 200


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("", WRONG_LENGTH),
        ("short", WRONG_LENGTH),
        ("x" * 257, WRONG_LENGTH),
        ("with\x00nul-in-it", "A password can't contain control characters."),
    ],
)
async def test_reset_password_refuses_an_invalid_password_and_changes_nothing(
    app: Application, users: Postern, password: str, message: str
) -> None:
    """SECURITY_BAR row 25"""
    user, client = await app.enrolled_user(), await app.create_client()
    pair = await pair_of(app, client, user)

    result = await users("reset-password", "--stdin", user.username, typed=password + "\n")

    assert result.code == 1
    assert result.errors == f"postern: {message}\n"
    assert await app.is_active(client, pair["access_token"])
    assert (await app.password_grant(client, user)).status_code == 200


async def test_a_disabled_user_cannot_sign_in_until_enabled(
    app: Application, users: Postern
) -> None:
    user, client = await app.enrolled_user(), await app.create_client()
    pair = await pair_of(app, client, user)
    app.clock.advance(seconds=30)
    wrong = await app.password_grant(client, user, password="not the password")

    disabled = await users("disable", "--json", user.username)

    assert json.loads(disabled.output)["disabled"] is True
    assert (await app.password_grant(client, user)).content == wrong.content
    assert (await app.profile(pair["access_token"])).status_code == 401
    assert_oauth_error(await app.refresh(client, pair["refresh_token"]), "invalid_grant")
    assert (await app.verify_otp(user.username, app.code(user))).json() == {"valid": False}

    enabled = await users("enable", "--json", user.username)

    assert json.loads(enabled.output)["disabled"] is False
    assert (await app.password_grant(client, user)).status_code == 200
    assert (await app.verify_otp(user.username, app.code(user))).json() == {"valid": True}


async def test_delete_requires_confirmation(app: Application, users: Postern) -> None:
    user = await app.enrolled_user()

    hesitant = await users("delete", user.username)

    assert hesitant.code == 1
    assert "--yes" in hesitant.errors
    assert (await users("show", user.username)).code == 0


async def test_delete_removes_an_account_and_revokes_its_tokens(
    app: Application, users: Postern, client: TestClient
) -> None:
    user = await app.enrolled_user(app.new_name("Alice"))
    pair = await pair_of(app, client, user)

    deleted = await users("delete", user.username.upper(), "--yes", "--json")

    assert deleted.code == 0
    assert "deleted" in json.loads(deleted.output)["message"]
    await assert_signed_out(app, client, pair)
    assert_oauth_error(await app.password_grant(client, user), "invalid_grant")
    assert (await users("delete", user.username, "--yes")).code == 1


@pytest.mark.slow
async def test_operator_actions_are_audited_under_the_operator(
    app: Application, users: Postern
) -> None:
    user = await app.enrolled_user()
    user_id = (await stored(app, user)).user_id

    await users("set", user.username, "--nickname", "zo")
    await users("disable", user.username)
    await users("enable", user.username)
    await users("reset-password", user.username, "--stdin", typed="another long password\n")
    await users("delete", user.username, "--yes")

    events = await services_of(app).core.audit.list_of_user(user_id)
    done = [each for each in reversed(events) if each.actor.startswith("operator:")]
    assert [each.action for each in done] == [
        "user.claims_changed",
        "user.disabled",
        "user.enabled",
        "password.reset",
        "user.deleted",
    ]
