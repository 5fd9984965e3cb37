"""When a person is asked again (OpenID Connect Core sections 3.1.2.1, 3.1.2.3 and 3.1.2.4)."""

import re
from typing import Any

import pytest

from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.jwt import claims_of
from tests.support.visitor import Visitor, answer_in, text_of, visiting


async def sub_of(app: Application, client: TestClient, tokens: dict[str, Any]) -> str:
    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)
    return str(claims["sub"])


async def test_prompt_none_without_a_session_is_login_required(
    client: TestClient, visitor: Visitor
) -> None:
    """SECURITY_BAR row 29"""
    answer = answer_in(await visitor.authorize(client, prompt="none"))

    assert answer["error"] == "login_required"


async def test_prompt_none_with_a_session_and_consent_shows_no_page(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """The same person and the same auth_time"""
    first = await visitor.tokens_for(client, user)
    app.clock.advance(seconds=100)

    second = await visitor.tokens_for(client, user, prompt="none")

    before = await claims_of(app, first["id_token"], audience=client.client_id)
    after = await claims_of(app, second["id_token"], audience=client.client_id)
    assert (after["sub"], after["auth_time"], after["sid"]) == (
        before["sub"],
        before["auth_time"],
        before["sid"],
    )


async def test_prompt_none_without_consent_is_consent_required(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: neither for another client nor for more than before"""
    client, other = await app.create_client(), await app.create_client()
    await visitor.tokens_for(client, user, scope="openid")

    for asking, scope in ((client, "openid email"), (other, "openid")):
        answer = answer_in(await visitor.authorize(asking, prompt="none", scope=scope))
        assert answer["error"] == "consent_required"


async def test_stored_consent_does_not_cover_claims_of_other_scopes(
    client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: the claims parameter is no way around the question"""
    await visitor.tokens_for(client, user, scope="openid")

    answer = answer_in(
        await visitor.authorize(client, prompt="none", claims='{"userinfo": {"email": null}}')
    )

    assert answer["error"] == "consent_required"


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "1"}])
async def test_prompt_login_and_max_age_require_a_new_sign_in(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, asked: dict[str, str]
) -> None:
    """SECURITY_BAR row 29"""
    first = await visitor.tokens_for(client, user)
    app.clock.advance(seconds=2)

    page = await visitor.authorize(client, **asked)
    assert 'action="/login"' in page.text
    second = await visitor.tokens_for(client, user, **asked)

    before = await claims_of(app, first["id_token"], audience=client.client_id)
    after = await claims_of(app, second["id_token"], audience=client.client_id)
    assert after["auth_time"] > before["auth_time"]
    assert after["sub"] == before["sub"]


async def test_a_sign_in_in_another_tab_does_not_satisfy_prompt_login(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 29: prompt=login is about this request"""
    await visitor.tokens_for(client, user)
    waiting = await visitor.authorize(client, prompt="login")
    await visitor.tokens_for(client, user, prompt="login")

    again = await visitor.follow(await visitor.http.get(resume_url(waiting.url)))

    assert 'action="/login"' in again.text


def resume_url(url: Any) -> str:
    return f"/authorize/resume?request_id={url.params['request_id']}"


async def test_max_age_is_compared_with_the_age_of_the_sign_in(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    await visitor.tokens_for(client, user)
    app.clock.advance(seconds=100)

    assert "code" in answer_in(await visitor.authorize(client, max_age="10000", prompt="none"))
    too_old = answer_in(await visitor.authorize(client, max_age="99", prompt="none"))
    assert too_old["error"] == "login_required"


async def test_prompt_consent_requires_consent_again(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    await visitor.tokens_for(client, user)
    app.clock.advance(seconds=5)

    page = await visitor.authorize(client, prompt="consent")

    assert 'action="/consent"' in page.text
    assert "code" in answer_in(await visitor.allow(page))


async def test_the_id_token_hint_must_match_the_signed_in_user(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 29"""
    tokens = await visitor.tokens_for(client, user)
    hint = tokens["id_token"]

    same = await visitor.authorize(client, prompt="none", id_token_hint=hint)
    async with visiting(app) as somebody_else:
        await somebody_else.tokens_for(client, await app.enrolled_user())
        other = await somebody_else.authorize(client, prompt="none", id_token_hint=hint)

    assert "code" in answer_in(same)
    assert answer_in(other)["error"] == "login_required"


async def test_an_expired_hint_is_accepted(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    hint = (await visitor.tokens_for(client, user))["id_token"]
    app.clock.advance(seconds=7200)

    answer = await visitor.authorize(client, prompt="none", id_token_hint=hint)

    assert "code" in answer_in(answer)


async def test_prompt_select_account_lets_the_user_choose_an_account(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    second = await app.enrolled_user()
    first_sub = await sub_of(app, client, await visitor.tokens_for(client, user))
    page = await visitor.authorize(client, prompt="login")
    answer = await visitor.sign_in(page, second)
    await visitor.allow(answer)

    chooser = await visitor.authorize(client, prompt="select_account")
    assert user.username in text_of(chooser)
    assert second.username in text_of(chooser)
    session_id = session_of(chooser.text, user.username)
    chosen = await visitor.follow(
        await visitor.submit(chooser, to="/select-account", session_id=session_id)
    )

    assert "code" in answer_in(chosen)
    now = await visitor.tokens_for(client, user, prompt="none")
    assert await sub_of(app, client, now) == first_sub


def session_of(page: str, username: str) -> str:
    """The value of the button with this name on it."""
    before = page[: page.index(username)]
    return before[before.rindex('name="session_id" value="') :].split('"')[3]


async def test_prompt_create_lets_the_user_create_an_account(
    app: Application, client: TestClient, visitor: Visitor
) -> None:
    """prompt=create (Initiating User Registration 1.0)"""
    name = app.new_name()
    page = await visitor.authorize(client, prompt="create")
    assert 'action="/create-account"' in page.text
    given = {"username": name, "password": "a good long password", "email": "a@example.com"}
    enrolment = await visitor.follow(await visitor.submit(page, to="/create-account", **given))
    (shown,) = re.findall(r'id="secret"[^>]*>([^<]+)<', enrolment.text)
    secret = "".join(shown.split())
    person = TestUser(name, given["password"], secret)

    consent = await visitor.enroll(enrolment, app.code(person))

    assert "code" in answer_in(await visitor.allow(consent))


async def test_a_first_party_client_needs_no_consent(
    app: Application, user: TestUser, visitor: Visitor, operator: Any
) -> None:
    client = await app.create_client()
    await operator.clients.administration.set_trust(client.client_id, "first_party", authority=FULL)

    page = await visitor.authorize(client)
    answer = answer_in(await visitor.sign_in(page, user))

    assert "code" in answer


async def test_a_public_client_that_can_be_impersonated_requires_consent_every_time(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 8252 section 8.6"""
    client = await app.create_client(token_endpoint_auth_method="none")
    await visitor.tokens_for(client, user)
    app.clock.advance(seconds=5)

    page = await visitor.authorize(client)
    silent = answer_in(await visitor.authorize(client, prompt="none"))

    assert 'action="/consent"' in page.text
    assert silent["error"] == "consent_required"


async def test_a_session_expires_after_its_lifetime(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR values: 12 h absolute"""
    app = await start_app(session_ttl=3600)
    client, user = await app.create_client(), await app.enrolled_user()
    async with visiting(app) as visitor:
        await visitor.tokens_for(client, user)
        app.clock.advance(seconds=3600)

        answer = answer_in(await visitor.authorize(client, prompt="none"))

    assert answer["error"] == "login_required"
