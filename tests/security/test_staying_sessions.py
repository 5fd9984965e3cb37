"""Stay signed in: what a user may ask for where the operator allows it, and what ends it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.security.factors import secret_on
from tests.support import administration
from tests.support.account import stored
from tests.support.administration import set_policies
from tests.support.application import PASSWORD, Application, TestClient, TestUser
from tests.support.identity_provider import Provider, account_made_by, asked_in
from tests.support.jwt import claims_of
from tests.support.parts import services_of
from tests.support.passkeys import enrol, sign_in_with
from tests.support.visitor import Visitor, answer_in, redeem, text_of, visiting

pytestmark = pytest.mark.both_databases

DAYS = 30
APP_SETTINGS = {"stay_signed_in_days": DAYS, "second_factor": "optional"}
SESSIONS, STAYING = "postern_sessions", "postern_staying"
HOUR = 3600
HALF_DAY, DAY = 12 * HOUR, 24 * HOUR
OFFERED = f"Stay signed in for {DAYS} days"
NEW_PASSWORD = "another correct horse battery"


@pytest_asyncio.fixture
async def person(app: Application) -> TestUser:
    """Somebody with a password and no second factor."""
    return await app.register()


async def sign_in(
    visitor: Visitor, user: TestUser, page: httpx.Response | None = None, **fields: str
) -> httpx.Response:
    """Sign in and ask to stay signed in, by password and by a code if there is one."""
    fields = {"stay_signed_in": "1", **fields}
    credentials = {"username": user.username, "password": user.password}
    page = page or await visitor.get("/login")
    page = await visitor.follow(await visitor.submit(page, to="/login", **credentials, **fields))
    if page.url.path == "/login/otp":
        visitor.app.clock.advance(seconds=31)
        code = visitor.app.code(user)
        page = await visitor.follow(await visitor.submit(page, to="/login/otp", code=code))
    return page


def reopen(visitor: Visitor) -> None:
    """Close the browser and open it again: it keeps what has an expiry."""
    jar = visitor.http.cookies.jar
    for cookie in [each for each in jar if each.expires is None]:
        jar.clear(cookie.domain, cookie.path, cookie.name)


async def is_signed_in(visitor: Visitor) -> bool:
    return (await visitor.get("/account")).status_code == 200


async def test_a_user_stays_signed_in_for_the_days_of_the_setting(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await sign_in(visitor, user)
    reopen(visitor)
    assert SESSIONS not in visitor.http.cookies

    app.clock.advance(seconds=HALF_DAY + 60)
    assert await is_signed_in(visitor)
    app.clock.advance(seconds=(DAYS - 1) * DAY)
    assert await is_signed_in(visitor)

    app.clock.advance(seconds=DAY)
    assert not await is_signed_in(visitor)


async def test_the_cookie_outlives_the_browser_but_not_the_session(
    visitor: Visitor, person: TestUser
) -> None:
    page = await visitor.get("/login")
    answer = await visitor.submit(
        page, to="/login", username=person.username, password=PASSWORD, stay_signed_in="1"
    )

    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if STAYING in each]
    assert f"Max-Age={DAYS * DAY}" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


async def test_a_session_without_the_box_ends_after_twelve_hours_and_with_the_browser(
    app: Application, visitor: Visitor, stranger: Visitor, person: TestUser
) -> None:
    for each in (visitor, stranger):
        await sign_in(each, person, stay_signed_in="")
        assert STAYING not in each.http.cookies
    reopen(stranger)

    assert not await is_signed_in(stranger)
    app.clock.advance(seconds=HALF_DAY + 60)
    assert not await is_signed_in(visitor)


async def test_another_user_of_the_browser_does_not_stay_signed_in_with_them(
    app: Application, visitor: Visitor, person: TestUser
) -> None:
    other = await app.register()
    await sign_in(visitor, person)
    await sign_in(visitor, other, stay_signed_in="")
    assert other.username in text_of(await visitor.get("/account"))

    reopen(visitor)

    page = await visitor.get("/account")
    assert person.username in text_of(page)
    assert other.username not in text_of(page)


async def test_staying_signed_in_leaves_auth_time_alone(
    app: Application, client: TestClient, visitor: Visitor, person: TestUser
) -> None:
    """OpenID Connect Core section 3.1.2.1: max_age"""
    signed_in_at = int(app.clock.now().timestamp())
    page = await sign_in(visitor, person, await visitor.authorize(client))
    await visitor.allow(page)
    app.clock.advance(seconds=2 * DAY)

    tokens = (await redeem(app, client, answer_in(await visitor.authorize(client))["code"])).json()
    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)

    assert claims["auth_time"] == signed_in_at
    assert (await visitor.authorize(client, max_age=DAY)).url.path == "/login"
    assert (await visitor.get("/account/password")).headers["location"].startswith("/login")


async def change_password(visitor: Visitor, elsewhere: Visitor, user: TestUser) -> None:
    await elsewhere.sign_in(await elsewhere.get("/login"), user)
    page = await elsewhere.get("/account/password")
    passwords = {"current_password": user.password, "password": NEW_PASSWORD}
    answer = await elsewhere.submit(page, to="/account/password", **passwords)
    assert answer.headers["location"] == "/account/password?saved=1", answer.text


async def reset_password(visitor: Visitor, elsewhere: Visitor, user: TestUser) -> None:
    await administration.reset_password(services_of(visitor.app), user.username, NEW_PASSWORD)


async def disable(visitor: Visitor, elsewhere: Visitor, user: TestUser) -> None:
    for is_disabled in (True, False):
        await administration.set_user_disabled(
            services_of(visitor.app), user.username, disabled=is_disabled
        )


async def sign_out_everywhere(visitor: Visitor, elsewhere: Visitor, user: TestUser) -> None:
    await elsewhere.sign_in(await elsewhere.get("/login"), user)
    await elsewhere.submit(await elsewhere.get("/account"), to="/account/sessions/end-all")


async def sign_out(visitor: Visitor, elsewhere: Visitor, user: TestUser) -> None:
    await visitor.submit(await visitor.get("/logout"), to="/logout/confirm")


@pytest.mark.parametrize(
    "end", [change_password, reset_password, disable, sign_out_everywhere, sign_out]
)
async def test_staying_signed_in_ends_with(
    app: Application,
    visitor: Visitor,
    stranger: Visitor,
    user: TestUser,
    end: Callable[[Visitor, Visitor, TestUser], Awaitable[None]],
) -> None:
    await sign_in(visitor, user)
    assert await is_signed_in(visitor)

    await end(visitor, stranger, user)

    assert not await is_signed_in(visitor)
    reopen(visitor)
    assert not await is_signed_in(visitor)
    assert not visitor.http.cookies.get(STAYING)


async def test_the_session_that_changes_the_password_no_longer_stays_signed_in(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await sign_in(visitor, user)
    page = await visitor.get("/account/password")
    passwords = {"current_password": user.password, "password": NEW_PASSWORD}
    await visitor.submit(page, to="/account/password", **passwords)
    assert await is_signed_in(visitor)
    assert not visitor.http.cookies.get(STAYING)

    app.clock.advance(seconds=HALF_DAY + 60)

    assert not await is_signed_in(visitor)


async def test_step_up_neither_shortens_nor_prolongs_it(
    app: Application, client: TestClient, visitor: Visitor, person: TestUser
) -> None:
    await sign_in(visitor, person)
    started_at = app.clock.now()
    app.clock.advance(seconds=300)
    await set_policies(app, client, second_factor="required")
    page = await visitor.authorize(client)
    enrolling = TestUser(person.username, PASSWORD, secret_on(page))
    await visitor.enroll(page, app.code(enrolling))

    (session,) = await services_of(app).accounts.sessions.list_of(
        (await stored(app, person)).user_id
    )

    assert session.stays_signed_in
    assert (session.expires_at - started_at).total_seconds() == DAYS * DAY


async def test_a_passkey_signs_in_for_as_long_if_the_box_was_checked(
    app: Application, visitor: Visitor, stranger: Visitor, person: TestUser
) -> None:
    """The script copies the box into the form of the passkey"""
    await sign_in(visitor, person, stay_signed_in="")
    passkey = await enrol(visitor)
    page = await stranger.get("/login")
    form = page.text.partition('action="/login/passkey"')[2].partition("</form>")[0]
    assert 'data-follows="stay_signed_in"' in form

    checked = page.text.replace(
        'data-follows="stay_signed_in" value=""', 'data-follows="stay_signed_in" value="1"'
    )
    shown = httpx.Response(200, text=checked, request=page.request)
    await sign_in_with(stranger, passkey, shown)

    app.clock.advance(seconds=2 * DAY)
    assert await is_signed_in(stranger)


async def test_a_user_of_an_identity_provider_stays_signed_in(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    await account_made_by(visitor, provider, sub="stays")
    page = await stranger.get("/login")
    asked = asked_in(await stranger.submit(page, to=provider.button, stay_signed_in="1"))
    provider.knows(asked, sub="stays")
    await stranger.follow(await stranger.http.get(provider.callback(asked)))

    app.clock.advance(seconds=2 * DAY)

    assert await is_signed_in(stranger)
    assert not await is_signed_in(visitor)


async def test_signing_in_again_keeps_the_choice_on_the_page_and_not_beyond(
    app: Application, client: TestClient, visitor: Visitor, person: TestUser
) -> None:
    await sign_in(visitor, person)
    page = await visitor.authorize(client, prompt="login")
    box = page.text.partition('id="stay_signed_in"')[2].partition(">")[0]
    assert "checked" in box

    await sign_in(visitor, person, page, stay_signed_in="")
    app.clock.advance(seconds=HALF_DAY + 60)

    assert not await is_signed_in(visitor)


async def test_the_console_ends_after_twelve_hours_nevertheless(
    app: Application, visitor: Visitor, person: TestUser
) -> None:
    await sign_in(visitor, person)
    sessions = services_of(app).accounts.sessions
    (session,) = await sessions.list_of((await stored(app, person)).user_id)

    assert sessions.is_recent_enough_for_console(session)
    app.clock.advance(seconds=HALF_DAY + 60)
    assert await is_signed_in(visitor)
    assert not sessions.is_recent_enough_for_console(session)


@pytest_asyncio.fixture
async def plain(start_app: AppFactory) -> AsyncIterator[Application]:
    yield await start_app(second_factor="optional")


async def test_by_default_it_is_not_offered_and_not_accepted(plain: Application) -> None:
    person = await plain.register()
    async with visiting(plain) as visitor:
        assert "stay_signed_in" not in (await visitor.get("/login")).text

        await sign_in(visitor, person)

        assert STAYING not in visitor.http.cookies
        plain.clock.advance(seconds=HALF_DAY + 60)
        assert not await is_signed_in(visitor)


async def test_turning_it_off_ends_the_sessions_that_stay_signed_in(
    app: Application, start_app: AppFactory, visitor: Visitor, person: TestUser
) -> None:
    assert OFFERED in text_of(await visitor.get("/login"))
    await sign_in(visitor, person)
    off = await start_app(
        second_factor="optional", database_url=app.settings.database_url, clock=app.clock
    )

    async with visiting(off) as later:
        later.http.cookies.update(visitor.http.cookies)

        assert not await is_signed_in(later)
