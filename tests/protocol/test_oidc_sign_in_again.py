"""`prompt=login` and `max_age`: the sign-in page knows the user who must sign in again."""

from typing import Any

import httpx
import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import Form, Visitor, text_of

AGAIN = "Sign in again to continue."


def username_on(page: httpx.Response) -> str:
    return page.text.partition('name="username" type="text" value="')[2].partition('"')[0]


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "60"}])
async def test_the_page_names_the_signed_in_user(
    app: Application,
    client: TestClient,
    user: TestUser,
    visitor: Visitor,
    asked: dict[str, Any],
) -> None:
    """OpenID Connect Core section 3.1.2.1"""
    await visitor.code_for(client, user)
    app.clock.advance(seconds=61)

    page = await visitor.authorize(client, **asked)

    assert username_on(page) == user.username
    assert AGAIN in text_of(page)
    assert "Not you? Switch" in text_of(page)
    password = page.text.partition('id="password"')[2].partition(">")[0]
    assert "autofocus" in password


async def test_switching_accounts_leaves_the_username_empty(
    client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    await visitor.code_for(client, user)
    page = await visitor.authorize(client, prompt="login")

    other = await visitor.get(f"{page.url.path}?{page.url.query.decode()}&other=1")

    assert username_on(other) == ""
    assert AGAIN not in text_of(other)


async def test_a_login_hint_for_another_user_takes_precedence(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    await visitor.code_for(client, user)
    somebody = app.new_name()

    page = await visitor.authorize(client, prompt="login", login_hint=somebody)

    assert username_on(page) == somebody
    assert AGAIN not in text_of(page)


async def test_a_typed_username_is_preserved_after_an_error(
    client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    await visitor.code_for(client, user)
    page = await visitor.authorize(client, prompt="login")
    assert Form(page.text).forms[0][1]["username"] == user.username

    wrong = await visitor.submit(page, to="/login", password="wrong")
    other = await visitor.submit(page, to="/login", username="somebody", password="wrong")

    assert AGAIN in text_of(wrong)
    assert username_on(other) == "somebody"
    assert AGAIN not in text_of(other)


async def test_no_user_is_named_when_no_user_is_signed_in(
    client: TestClient, visitor: Visitor
) -> None:
    page = await visitor.authorize(client, prompt="login")

    assert username_on(page) == ""
    assert AGAIN not in text_of(page)
