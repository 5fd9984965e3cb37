"""Requests that want a fresh sign-in (OpenID Connect Core section 3.1.2.1): which one counts."""

import httpx
import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.jwt import claims_of
from tests.support.visitor import Visitor, answer_in, redeem

FRESH = [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "1"}]


async def give_code(
    app: Application, visitor: Visitor, page: httpx.Response, user: TestUser
) -> httpx.Response:
    app.clock.advance(seconds=31)  # a code is used once
    return await visitor.follow(await visitor.submit(page, code=app.code(user)))


@pytest.mark.parametrize("asked", FRESH, ids=str)
async def test_a_password_given_before_the_request_is_not_fresh(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, asked: dict[str, str]
) -> None:
    """SECURITY_BAR row 29: the first factor is given in the request, not minutes before it"""
    await visitor.give_password(await visitor.get("/login"), user)
    app.clock.advance(seconds=300)
    sign_in = await visitor.authorize(client, **asked)
    code_page = await visitor.get("/login/otp", request_id=sign_in.url.params["request_id"])

    after = await give_code(app, visitor, code_page, user)

    assert 'action="/login"' in after.text


@pytest.mark.parametrize("asked", FRESH, ids=str)
async def test_a_sign_in_during_the_request_is_fresh_despite_a_slow_second_factor(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, asked: dict[str, str]
) -> None:
    """OpenID Connect Core section 3.1.2.1: `max_age` is judged once"""
    sign_in = await visitor.authorize(client, **asked)
    code_page = await visitor.give_password(sign_in, user)
    app.clock.advance(seconds=200)
    consent = await give_code(app, visitor, code_page, user)
    app.clock.advance(seconds=200)

    assert "code" in answer_in(await visitor.allow(consent))


async def test_auth_time_is_when_the_first_factor_was_given(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """OpenID Connect Core section 2: not when the second one came"""
    code_page = await visitor.give_password(await visitor.authorize(client), user)
    given_at = int(app.clock.now().timestamp())
    app.clock.advance(seconds=120)
    consent = await give_code(app, visitor, code_page, user)
    answer = answer_in(await visitor.allow(consent))

    tokens = (await redeem(app, client, answer["code"])).json()

    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)
    assert claims["auth_time"] == given_at


async def test_max_age_includes_the_age_of_a_password_given_before_the_request(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 29: young enough for one `max_age` and too old for another"""
    await visitor.give_password(await visitor.get("/login"), user)
    app.clock.advance(seconds=300)
    sign_in = await visitor.authorize(client, max_age="600")
    code_page = await visitor.get("/login/otp", request_id=sign_in.url.params["request_id"])

    consent = await give_code(app, visitor, code_page, user)

    assert 'action="/consent"' in consent.text
    assert 'action="/login"' in (await visitor.authorize(client, max_age="330")).text
