"""A sign-in by another provider is as old as the provider says, or as old as may be."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.models.accounts.sessions import Session
from tests.support.account import FRESH_SECONDS, happened
from tests.support.application import PASSWORD, Application, TestClient, TestUser
from tests.support.identity_provider import (
    Asked,
    Provider,
    account_made_by,
    asked_in,
    linked_by,
    sent_to,
    signed_in_by,
)
from tests.support.jwt import claims_of
from tests.support.parts import services_of
from tests.support.visitor import Visitor, answer_in, redeem, text_of

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

PASSWORD_PAGE = "/account/password"
FRESH_FLOW = {"prompt": "login", "max_age": "0"}


def seconds(app: Application) -> int:
    return int(app.clock.now().timestamp())


async def known_there(app: Application, visitor: Visitor, provider: Provider) -> tuple[str, str]:
    """The name here and the subject there of somebody whose first sign-in was an hour ago."""
    sub = app.new_name("sub")
    name = await account_made_by(visitor, provider, sub=sub)
    app.clock.advance(seconds=3600)
    return name, sub


async def newest_session(app: Application, name: str) -> Session:
    services = services_of(app)
    found = await services.accounts.sessions.list_of(
        (await services.accounts.users.get(name)).user_id
    )
    return max(found, key=lambda each: each.last_seen_at)


async def is_fresh(visitor: Visitor) -> bool:
    """Whether the page of the password is open to who is signed in."""
    answer = await visitor.get(PASSWORD_PAGE)
    if answer.status_code == 200:
        return True
    location = answer.headers["location"]
    assert location.startswith(("/account/confirm?next=password", "/login?next=password"))
    return False


def freshness_in(asked: Asked) -> dict[str, str]:
    return {name: asked.parameters[name] for name in FRESH_FLOW if name in asked.parameters}


@pytest.mark.parametrize("ago", [FRESH_SECONDS, 36_000])
async def test_an_old_sign_in_at_the_provider_is_not_fresh(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider, ago: int
) -> None:
    """OpenID Connect Core section 2: `auth_time` is when the person was authenticated."""
    name, sub = await known_there(app, visitor, provider)

    home = await signed_in_by(stranger, provider, sub=sub, auth_time=seconds(app) - ago)

    assert "Your account" in home.text
    assert not await is_fresh(stranger)
    session = await newest_session(app, name)
    assert int(session.auth_time.timestamp()) == seconds(app) - ago


async def test_a_current_sign_in_at_the_provider_is_fresh(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    _, sub = await known_there(app, visitor, provider)

    await signed_in_by(stranger, provider, sub=sub, auth_time=seconds(app))

    assert await is_fresh(stranger)


@pytest.mark.parametrize("said", [None, 0, -1, 1, True, "now", 1.5, [], 10**30, "ahead"])
async def test_a_sign_in_without_a_valid_auth_time_is_not_fresh(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider, said: Any
) -> None:
    """Nor where what it says is no moment of the past."""
    _, sub = await known_there(app, visitor, provider)
    auth_time = seconds(app) + 3600 if said == "ahead" else said

    home = await signed_in_by(stranger, provider, sub=sub, auth_time=auth_time)

    assert "Your account" in home.text
    assert not await is_fresh(stranger)


async def test_an_old_sign_in_at_the_provider_ends_the_freshness_of_a_session(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    """In the same browser, where the session goes on."""
    _, sub = await known_there(app, visitor, provider)
    await signed_in_by(visitor, provider, sub=sub, auth_time=seconds(app))
    assert await is_fresh(visitor)

    await signed_in_by(visitor, provider, sub=sub, auth_time=seconds(app) - 36_000)

    assert not await is_fresh(visitor)


async def test_a_second_factor_does_not_make_an_old_sign_in_fresh(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider, user: TestUser
) -> None:
    """The first factor is as old as it was."""
    await visitor.sign_in(await visitor.get("/login"), user)
    sub = app.new_name("sub")
    await linked_by(visitor, provider, sub=sub)
    page = await signed_in_by(stranger, provider, sub=sub, auth_time=seconds(app) - 36_000)
    assert page.url.path == "/login/otp"
    app.clock.advance(seconds=60)

    home = await stranger.follow(await stranger.submit(page, code=app.code(user)))

    assert "Your account" in home.text
    assert not await is_fresh(stranger)


@pytest.mark.parametrize("ago", [None, 36_000])
async def test_an_old_sign_in_at_the_provider_does_not_satisfy_max_age(
    app: Application,
    client: TestClient,
    visitor: Visitor,
    stranger: Visitor,
    provider: Provider,
    ago: int | None,
) -> None:
    """OpenID Connect Core section 3.1.2.1: `max_age`"""
    _, sub = await known_there(app, visitor, provider)
    auth_time = None if ago is None else seconds(app) - ago
    await signed_in_by(stranger, provider, sub=sub, auth_time=auth_time)

    silent = answer_in(await stranger.authorize(client, prompt="none", max_age="60"))
    page = await stranger.authorize(client, max_age="60")

    assert silent["error"] == "login_required"
    assert page.url.path == "/login"


async def test_the_client_receives_the_auth_time_of_the_provider(
    app: Application, client: TestClient, visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    """OpenID Connect Core section 2: `auth_time`"""
    _, sub = await known_there(app, visitor, provider)
    moment = seconds(app) - 50
    await signed_in_by(stranger, provider, sub=sub, auth_time=moment)

    page = await stranger.authorize(client, max_age="60")
    code = answer_in(await stranger.allow(page))["code"]

    tokens = (await redeem(app, client, code)).json()
    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)
    assert claims["auth_time"] == moment


@pytest.mark.parametrize("ago", [None, 36_000])
async def test_the_session_lifetime_starts_at_the_callback(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider, ago: int | None
) -> None:
    """However old the sign-in there is."""
    name, sub = await known_there(app, visitor, provider)
    auth_time = None if ago is None else seconds(app) - ago
    begun_at = app.clock.now()
    await signed_in_by(stranger, provider, sub=sub, auth_time=auth_time)
    ttl = app.settings.session_ttl

    session = await newest_session(app, name)
    app.clock.advance(seconds=ttl - 1)
    before = await stranger.get("/account")
    app.clock.advance(seconds=2)
    after = await stranger.get("/account")

    assert lasts(session, begun_at) == ttl
    assert before.status_code == 200
    assert after.headers["location"] == "/login"


def lasts(session: Session, begun_at: datetime) -> int:
    return round((session.expires_at - begun_at) / timedelta(seconds=1))


@pytest.mark.parametrize("place", ["password", "connections", "recovery-codes"])
async def test_account_pages_request_a_fresh_sign_in_from_the_provider(
    visitor: Visitor, provider: Provider, place: str
) -> None:
    """OpenID Connect Core section 3.1.2.1; with `max_age` the time of it has to be named."""
    assert freshness_in(await sent_to(visitor, provider, next=place)) == FRESH_FLOW


@pytest.mark.parametrize("parameters", [{"max_age": "60"}, {"prompt": "login"}])
async def test_a_client_that_requires_a_fresh_sign_in_requests_it_from_the_provider(
    client: TestClient, visitor: Visitor, provider: Provider, parameters: dict[str, str]
) -> None:
    page = await visitor.authorize(client, **parameters)

    asked = asked_in(await visitor.submit(page, to=provider.button))

    assert freshness_in(asked) == FRESH_FLOW


@pytest.mark.parametrize("parameters", [{"max_age": "60"}, {"prompt": "login"}])
async def test_a_client_requiring_a_fresh_sign_in_is_answered_without_auth_time(
    app: Application,
    client: TestClient,
    visitor: Visitor,
    provider: Provider,
    parameters: dict[str, str],
) -> None:
    """OpenID Connect Core section 3.1.2.1; without it the user would be asked for ever"""
    _, sub = await known_there(app, visitor, provider)
    page = await visitor.authorize(client, **parameters)
    asked = asked_in(await visitor.submit(page, to=provider.button))
    provider.knows(asked, sub=sub)

    consent = await visitor.follow(await visitor.http.get(provider.callback(asked)))

    assert "code" in answer_in(await visitor.allow(consent))


async def test_an_ordinary_sign_in_does_not_force_reauthentication_at_the_provider(
    client: TestClient, visitor: Visitor, provider: Provider
) -> None:
    plain = await sent_to(visitor, provider)
    page = await visitor.authorize(client)
    of_client = asked_in(await visitor.submit(page, to=provider.button))

    assert freshness_in(plain) == freshness_in(of_client) == {}


@pytest.mark.parametrize("said", [3600, 0, -1, True, "now", 1.5, []])
async def test_an_old_or_invalid_auth_time_is_refused_if_a_fresh_sign_in_is_required(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider, said: Any
) -> None:
    """As where somebody took `prompt` out of the address on the way."""
    _, sub = await known_there(app, visitor, provider)
    asked = await sent_to(stranger, provider, next="password")
    auth_time = seconds(app) - said if said == 3600 else said
    provider.knows(asked, sub=sub, auth_time=auth_time)

    page = await stranger.follow(await stranger.http.get(provider.callback(asked)))

    assert "Sign in to it again" in text_of(page)
    assert (await stranger.get("/account")).headers["location"] == "/login"


@pytest.mark.parametrize(("says_when", "proof"), [(True, "auth_time"), (False, "prompt=login")])
async def test_reauthentication_at_the_provider_continues_to_the_account_page(
    app: Application, visitor: Visitor, provider: Provider, says_when: bool, proof: str
) -> None:
    """OpenID Connect Core section 3.1.2.1: where a provider does not say when, its answer to
    `prompt=login` and `max_age=0`, with our state and nonce of this moment, says it."""
    name, sub = await known_there(app, visitor, provider)
    page = await visitor.follow(await visitor.get(PASSWORD_PAGE))
    asked = asked_in(await visitor.submit(page, to=provider.button))
    provider.knows(asked, sub=sub, auth_time=seconds(app) if says_when else None)

    after = await visitor.follow(await visitor.http.get(provider.callback(asked)))

    assert freshness_in(asked) == FRESH_FLOW
    assert after.url.path == PASSWORD_PAGE
    assert after.status_code == 200
    user_id = (await services_of(app).accounts.users.get(name)).user_id
    assert (
        "upstream.signed_in_again",
        {"provider": provider.name, "proof": proof},
    ) in await happened(app, user_id)


async def test_a_slow_sign_in_at_the_provider_is_dated_from_its_start(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    """The provider may have asked at once and waited with its answer"""
    name, sub = await known_there(app, visitor, provider)
    asked = await sent_to(visitor, provider, next="password")
    begun_at = seconds(app)
    app.clock.advance(seconds=500)
    provider.knows(asked, sub=sub)

    await visitor.follow(await visitor.http.get(provider.callback(asked)))

    assert await is_fresh(visitor)
    assert int((await newest_session(app, name)).auth_time.timestamp()) == begun_at
    app.clock.advance(seconds=101)
    assert not await is_fresh(visitor)


async def test_a_callback_of_another_request_is_not_a_fresh_sign_in(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    """One that asked for no new sign-in: its state is not that of the fresh one"""
    _, sub = await known_there(app, visitor, provider)
    plain = await sent_to(visitor, provider)
    await sent_to(visitor, provider, next="password")
    provider.knows(plain, sub=sub)

    answer = await visitor.http.get(provider.callback(plain))

    assert answer.status_code == 400
    assert not await is_fresh(visitor)


@pytest.mark.parametrize("ago", [None, 36_000])
async def test_a_user_who_just_registered_through_a_provider_can_set_a_password(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider, ago: int | None
) -> None:
    """There was nothing in it that anybody could have taken."""
    auth_time = None if ago is None else seconds(app) - ago
    name = await account_made_by(visitor, provider, sub=app.new_name("sub"), auth_time=auth_time)

    page = await visitor.get(PASSWORD_PAGE)
    answer = await visitor.submit(page, to=PASSWORD_PAGE, password=PASSWORD)

    assert answer.headers["location"] == f"{PASSWORD_PAGE}?saved=1"
    enroll = await stranger.give_password(
        await stranger.get("/login"), TestUser(name, PASSWORD, "")
    )
    assert enroll.url.path == "/login/enroll"


async def test_a_registration_through_a_provider_is_not_fresh_after_ten_minutes(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    await account_made_by(visitor, provider, sub=app.new_name("sub"))
    assert await is_fresh(visitor)

    app.clock.advance(seconds=FRESH_SECONDS)

    assert not await is_fresh(visitor)
