"""A browser that is not asked for a code for a while: only where the operator allows it."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from app.wiring import build_services
from tests.conftest import AppFactory
from tests.security.factors import audited, is_signed_in, make_codes, sign_in, use_code
from tests.support.administration import reset_otp, reset_password
from tests.support.application import Application, TestUser, running_application
from tests.support.databases import Databases
from tests.support.jwt import claims_of
from tests.support.visitor import Visitor, text_of, visiting

COOKIE = "postern_remembered"
SESSIONS = "postern_sessions"
DAY = 86_400
ASKED = "Trust this browser and don't ask for a code for 30 days"


@pytest_asyncio.fixture(scope="module")
async def app(databases: Databases, database_kind: str) -> AsyncIterator[Application]:
    url = await databases.migrated(database_kind)
    async with running_application(url, remember_browser_days=30, session_ttl=3600) as made:
        yield made


@pytest_asyncio.fixture
async def visitor(app: Application) -> AsyncIterator[Visitor]:
    async with visiting(app) as made:
        yield made


async def remember(visitor: Visitor, user: TestUser) -> httpx.Response:
    """Signs in with a code, says that this browser is to be remembered, and signs out."""
    visitor.app.clock.advance(seconds=60)
    page = await visitor.give_password(await visitor.get("/login"), user)
    answer = await visitor.submit(
        page, to="/login/otp", code=visitor.app.code(user), remember_browser="1"
    )
    assert is_signed_in(answer)
    visitor.http.cookies.delete(SESSIONS)
    return answer


async def is_asked(visitor: Visitor, user: TestUser) -> bool:
    """Whether the password is not enough in this browser."""
    page = await visitor.give_password(await visitor.get("/login"), user)
    visitor.http.cookies.delete(SESSIONS)
    return str(page.url.path) == "/login/otp"


async def test_trusting_a_browser_is_not_offered_if_it_is_not_allowed(
    start_app: AppFactory,
) -> None:
    app = await start_app()
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        answer = await remember(visitor, user)

        page = await visitor.give_password(await visitor.get("/login"), user)

    assert COOKIE not in answer.headers.get("set-cookie", "")
    assert page.url.path == "/login/otp"
    assert "remember_browser" not in page.text


async def test_a_browser_is_trusted_only_if_the_user_opts_in(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    page = await visitor.give_password(await visitor.get("/login"), user)
    assert ASKED in text_of(page)
    await sign_in(visitor, user)
    visitor.http.cookies.delete(SESSIONS)

    assert await is_asked(visitor, user)
    await remember(visitor, user)
    assert not await is_asked(visitor, user)


async def test_a_trusted_browser_still_requires_the_password(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await remember(visitor, user)

    answer = await visitor.submit(
        await visitor.get("/login"), to="/login", username=user.username, password="not it at all"
    )

    assert answer.status_code == 400


async def test_a_sign_in_in_a_trusted_browser_is_reported_as_password_only(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    client = await app.create_client()
    await remember(visitor, user)

    page = await visitor.give_password(await visitor.authorize(client), user)
    await visitor.allow(page)
    tokens = await visitor.tokens_for(client, user)

    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)
    assert claims["acr"] == "urn:postern:acr:password"
    assert claims["amr"] == ["pwd"]


async def test_a_trusted_browser_expires(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await remember(visitor, user)
    kept = visitor.http.cookies[COOKIE]

    app.clock.advance(seconds=30 * DAY - 1)
    assert not await is_asked(visitor, user)
    app.clock.advance(seconds=2)
    visitor.http.cookies.set(COOKIE, kept)

    assert await is_asked(visitor, user)


async def test_the_trusted_browser_cookie_is_secure_httponly_and_samesite(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 31"""
    app = await start_app(remember_browser_days=30, issuer="https://postern.test")
    app.http.base_url = httpx.URL("https://postern.test")
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        answer = await remember_over_https(visitor, user)

    (cookie,) = [
        each for each in answer.headers.get_list("set-cookie") if "postern_remembered" in each
    ]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert cookie.startswith("__Host-postern_remembered=postern_rb_")
    assert {"secure", "httponly", "samesite=lax", "path=/", f"max-age={30 * DAY}"} <= parts


async def remember_over_https(visitor: Visitor, user: TestUser) -> httpx.Response:
    visitor.app.clock.advance(seconds=60)
    page = await visitor.give_password(await visitor.get("/login"), user)
    return await visitor.submit(
        page, to="/login/otp", code=visitor.app.code(user), remember_browser="1"
    )


async def test_trust_is_bound_to_one_user_and_one_browser(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    other = await app.enrolled_user()
    await remember(visitor, user)

    assert await is_asked(visitor, other)
    async with visiting(app) as elsewhere:
        assert await is_asked(elsewhere, user)


@pytest.mark.slow
async def test_up_to_five_users_can_trust_the_same_browser(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    people = [user, *[await app.enrolled_user() for _ in range(5)]]
    for each in people:
        await remember(visitor, each)

    asked = [await is_asked(visitor, each) for each in people]

    assert asked == [True, False, False, False, False, False]


@pytest.mark.parametrize("change", ["password", "otp"])
async def test_changing_the_password_or_authenticator_revokes_trusted_browsers(
    app: Application, user: TestUser, visitor: Visitor, change: str
) -> None:
    await remember(visitor, user)
    services = build_services(app.settings, app.clock)
    again = user
    if change == "password":
        again = TestUser(user.username, "another battery staple", user.otp_secret)
        await reset_password(services, user.username, again.password)
    else:
        enrolment = await reset_otp(services, user.username)
        secret = enrolment.otp_uri.partition("secret=")[2].partition("&")[0]
        again = TestUser(user.username, user.password, secret)
        assert (await app.verify_otp(user.username, app.code(again))).status_code == 200
    await services.close()

    assert await is_asked(visitor, again)


@pytest.mark.parametrize("given", ["", "....", "postern_rb_" + "A" * 51, "postern_se_x", "%00.%FF"])
async def test_a_forged_trusted_browser_cookie_is_ignored(
    user: TestUser, visitor: Visitor, given: str
) -> None:
    visitor.http.headers["cookie"] = f"{COOKIE}={given}"
    page = await visitor.get("/login")
    browser = page.headers["set-cookie"].partition(";")[0]
    visitor.http.headers["cookie"] += f"; {browser}"

    answer = await visitor.submit(page, to="/login", username=user.username, password=user.password)

    assert answer.headers["location"] == "/login/otp"


async def test_a_user_can_revoke_their_trusted_browsers(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    async with visiting(app) as elsewhere:
        await remember(elsewhere, user)
        await sign_in(visitor, user)
        page = await visitor.get("/account/authenticator")
        assert "You have one trusted browser." in text_of(page)

        await visitor.submit(page, to="/account/authenticator/forget-browsers")

        assert await is_asked(elsewhere, user)
    actions = [action for action, _ in await audited(app, user)]
    assert {"browser.remembered", "browsers.forgotten"} <= set(actions)


@pytest.mark.parametrize("but", ["", "this"])
async def test_signing_out_everywhere_revokes_trusted_browsers(
    app: Application, user: TestUser, visitor: Visitor, but: str
) -> None:
    async with visiting(app) as elsewhere:
        await remember(elsewhere, user)
        page = await sign_in(visitor, user)

        await visitor.submit(page, to="/account/sessions/end-all", but=but)

        assert await is_asked(elsewhere, user)


async def test_a_browser_can_be_trusted_with_a_recovery_code(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await sign_in(visitor, user)
    code, *_ = await make_codes(visitor)
    async with visiting(app) as elsewhere:
        assert is_signed_in(await use_code(elsewhere, user, code, remember_browser="1"))
        elsewhere.http.cookies.delete(SESSIONS)

        assert not await is_asked(elsewhere, user)


async def test_changing_factors_in_a_trusted_browser_requires_the_second_factor(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """A found laptop and a known password are not two factors"""
    await remember(visitor, user)
    page = await visitor.give_password(await visitor.get("/login"), user)
    assert page.url.path == "/account"

    for path in (
        "/account/authenticator",
        "/account/authenticator/new",
        "/account/recovery-codes",
        "/account/tokens",
    ):
        answer = await visitor.get(path)
        assert answer.headers["location"].startswith("/login/step-up?next=")
    question = await visitor.follow(await visitor.get("/account/recovery-codes"))
    assert question.url.path == "/login/otp"
    app.clock.advance(seconds=60)
    page = await visitor.follow(
        await visitor.submit(question, to="/login/otp", code=app.code(user))
    )
    assert page.url.path == "/account/recovery-codes"


async def test_the_audit_log_does_not_contain_the_trusted_browser_cookie(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await remember(visitor, user)

    assert visitor.http.cookies[COOKIE] not in str(await audited(app, user))
    assert "postern_rb_" not in str(await audited(app, user))
