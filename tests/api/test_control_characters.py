"""A control character in a page's form is a hint at its field, and the rest is kept."""

import httpx
import pytest

from tests.support.account import signed_in
from tests.support.application import PASSWORD, Application, TestUser
from tests.support.visitor import Form, Visitor, text_of

HINT = "This contains a character that isn't allowed. Type it again."
CONTROL = pytest.mark.parametrize("char", ["\x00", "\x0b", "\x1b", "\x7f", "\u0085", "\r\n"])


def values_on(page: httpx.Response, action: str) -> dict[str, str]:
    return next(values for each, values in Form(page.text).forms if each == action)


def assert_hint(page: httpx.Response, field: str) -> None:
    assert page.status_code == 400
    assert HINT in text_of(page)
    assert f'id="{field}-error"' in page.text
    assert "expired" not in text_of(page)


@CONTROL
async def test_a_control_character_in_a_username_has_a_field_error(
    visitor: Visitor, user: TestUser, char: str
) -> None:
    page = await visitor.get("/login")
    name = f"{user.username[:4]}{char}{user.username[4:]}"

    answer = await visitor.submit(page, to="/login", username=name, password=user.password)

    assert_hint(answer, "username")
    assert values_on(answer, "/login")["username"] == user.username
    assert user.password not in answer.text


@CONTROL
async def test_a_control_character_in_a_password_has_a_field_error(
    visitor: Visitor, user: TestUser, char: str
) -> None:
    page = await visitor.get("/login")

    answer = await visitor.submit(
        page, to="/login", username=user.username, password=user.password + char
    )

    assert_hint(answer, "password")
    assert values_on(answer, "/login")["username"] == user.username


@CONTROL
async def test_a_control_character_in_a_code_has_a_field_error(
    app: Application, visitor: Visitor, user: TestUser, char: str
) -> None:
    otp = await visitor.give_password(await visitor.get("/login"), user)
    app.clock.advance(seconds=31)
    code = app.code(user)

    answer = await visitor.submit(otp, code=f"{code[:3]}{char}{code[3:]}")
    again = await visitor.submit(answer, code=code)

    assert_hint(answer, "code")
    assert again.status_code == 303


async def test_control_characters_in_a_new_account_have_field_errors(
    app: Application, visitor: Visitor
) -> None:
    page = await visitor.get("/create-account")
    name = app.new_name()
    given = {"username": name, "name": "Zoë\x00 Example", "email": "zoe@\x00example.com"}

    answer = await visitor.submit(page, to="/create-account", password=PASSWORD, **given)

    assert_hint(answer, "name")
    assert_hint(answer, "email")
    values = values_on(answer, "/create-account")
    assert (values["username"], values["name"]) == (name, "Zoë Example")
    assert values["email"] == "zoe@example.com"


async def test_a_control_character_in_a_device_code_has_a_field_error(visitor: Visitor) -> None:
    answer = await visitor.submit(await visitor.get("/device"), user_code="BCDF\x00-GHJK")

    assert_hint(answer, "user_code")
    assert values_on(answer, "/device")["user_code"] == "BCDF-GHJK"


async def test_a_control_character_in_a_profile_has_a_field_error(
    visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    page = await visitor.get("/account/profile")

    answer = await visitor.submit(
        page, to="/account/profile", name="Ada\x1b Lovelace", country="England"
    )

    assert_hint(answer, "name")
    values = values_on(answer, "/account/profile")
    assert (values["name"], values["country"]) == ("Ada Lovelace", "England")


@pytest.mark.parametrize("field", ["current_password", "password"])
async def test_a_control_character_in_a_changed_password_has_a_field_error(
    visitor: Visitor, user: TestUser, field: str
) -> None:
    await signed_in(visitor, user)
    page = await visitor.get("/account/password")
    given = {"current_password": user.password, "password": "another good one"}

    answer = await visitor.submit(
        page, to="/account/password", **{**given, field: f"{given[field]}\x07"}
    )

    assert_hint(answer, field)


async def test_a_control_character_in_the_deletion_confirmation_has_a_field_error(
    visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    page = await visitor.get("/account/data")

    answer = await visitor.submit(
        page, to="/account/data/delete", confirmation=f"\x00{user.username}"
    )

    assert_hint(answer, "confirmation")


async def test_a_control_character_in_a_hidden_field_is_explained_on_the_page(
    visitor: Visitor, user: TestUser
) -> None:
    """Only a crafted form has one: the page explains it, and does not say that it expired."""
    page = await visitor.get("/login")
    given = {"username": user.username, "password": user.password, "next": "a\x00b"}

    answer = await visitor.submit(page, to="/login", **given)

    assert answer.status_code == 400
    assert "control character" in text_of(answer)
    assert "expired" not in text_of(answer)
