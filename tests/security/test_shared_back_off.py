"""A hundred failures at an account from unknown networks, and all of these share one back-off."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.security.factors import is_signed_in
from tests.security.guessing import (
    FREE,
    NO_CODE,
    ONE_DAY,
    WIDE,
    WRONG,
    guess_codes,
    guess_passwords,
    sign_in_from,
)
from tests.support.application import Application, TestClient, TestUser
from tests.support.callers import calling_from
from tests.support.passkeys import enrol, sign_in_with
from tests.support.visitor import visiting

pytestmark = pytest.mark.both_databases

SESSIONS = "postern_sessions"


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> AsyncIterator[Application]:
    yield await start_app(**WIDE, remember_browser_days=30)


@pytest.mark.slow
async def test_a_hundred_passwords_from_many_networks_delay_a_new_network(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 17; NIST SP 800-63B-4 section 3.2.2"""
    guesses = await guess_passwords(app, client, user, FREE + 1)

    refused = await sign_in_from(app, client, user, app.new_address())
    app.clock.advance(seconds=int(refused.headers["retry-after"]))
    answer = await sign_in_from(app, client, user, app.new_address())

    assert guesses == [400] * FREE + [429]
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == 6
    assert answer.status_code == 200


@pytest.mark.slow
async def test_attempts_after_a_delay_are_shared_and_the_delay_doubles(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 17: another network brings no turn of its own"""
    await guess_passwords(app, client, user, FREE + 1)

    delays = []
    for _ in range(3):
        (refused,) = [await sign_in_from(app, client, user, app.new_address())]
        delays.append(int(refused.headers["retry-after"]))
        app.clock.advance(seconds=delays[-1])
        assert await guess_passwords(app, client, user, 2) == [400, 429]

    assert delays == [6, 12, 24]


@pytest.mark.slow
async def test_an_unknown_username_is_limited_like_a_known_one(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR rows 19 and 50"""
    nobody = TestUser(app.new_name(), user.password, user.otp_secret)

    known = await guess_passwords(app, client, user, FREE + 2)
    unknown = await guess_passwords(app, client, nobody, FREE + 2)

    assert known == unknown == [400] * FREE + [429] * 2


@pytest.mark.slow
async def test_known_networks_are_exempt_from_the_shared_back_off(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR rows 17 and 23: they keep their own attempts"""
    home = app.new_address()
    assert (await sign_in_from(app, client, user, home)).status_code == 200
    await guess_passwords(app, client, user, FREE + 1)

    async with calling_from(app, home) as caller:
        mistyped = await caller.password_grant(client, user, password=WRONG)
        answer = await caller.password_grant(client, user)

    assert (mistyped.status_code, answer.status_code) == (400, 200)


@pytest.mark.slow
async def test_failures_at_a_known_network_do_not_count_towards_the_shared_back_off(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 17: only what comes from unknown networks adds up"""
    home = app.new_address()
    await sign_in_from(app, client, user, home)
    async with calling_from(app, home) as caller:
        for _ in range(FREE + 1):
            await caller.password_grant(client, user, password=WRONG)

    answer = await sign_in_from(app, client, user, app.new_address())

    assert answer.status_code == 200


@pytest.mark.slow
async def test_a_trusted_browser_is_exempt_from_the_shared_back_off(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR rows 17 and 23: wherever the browser is"""
    async with calling_from(app, app.new_address()) as home, visiting(home) as browser:
        page = await browser.give_password(await browser.get("/login"), user)
        app.clock.advance(seconds=31)
        code = {"code": app.code(user), "remember_browser": "1"}
        assert is_signed_in(await browser.submit(page, to="/login/otp", **code))
        browser.http.cookies.delete(SESSIONS)
        cookies = dict(browser.http.cookies)
    await guess_passwords(app, client, user, FREE + 1)

    async with (
        calling_from(app, app.new_address()) as abroad,
        visiting(abroad) as trusted,
        visiting(abroad) as other,
    ):
        trusted.http.cookies.update(cookies)
        given = {"username": user.username, "password": user.password}
        refused = await other.submit(await other.get("/login"), to="/login", **given)
        answer = await trusted.submit(await trusted.get("/login"), to="/login", **given)

    assert refused.status_code == 429
    assert is_signed_in(answer)


@pytest.mark.slow
async def test_a_passkey_is_exempt_from_the_shared_back_off(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR rows 17 and 23: nobody guesses a signature"""
    async with calling_from(app, app.new_address()) as home, visiting(home) as owner:
        await owner.sign_in(await owner.get("/login"), user)
        passkey = await enrol(owner)
    await guess_passwords(app, client, user, FREE + 1)
    await guess_codes(app, user, FREE + 1)

    async with calling_from(app, app.new_address()) as abroad, visiting(abroad) as alone:
        answer = await sign_in_with(alone, passkey)

    assert answer.status_code == 200


@pytest.mark.slow
async def test_passwords_and_codes_are_counted_separately(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 17"""
    passwords = await guess_passwords(app, client, user, FREE + 1)
    codes = await guess_codes(app, user, FREE + 1)

    assert passwords == [400] * FREE + [429]
    assert codes == [401] * FREE + [429]


@pytest.mark.slow
async def test_guessed_codes_from_many_networks_also_delay_users_with_the_password(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 17: one back-off for an account, whichever way its codes are guessed"""
    await guess_codes(app, user, FREE // 2)
    async with calling_from(app, app.new_address()) as thief, visiting(thief) as visitor:
        page = await visitor.give_password(await visitor.get("/login"), user)
        for _ in range(FREE // 2):
            await visitor.submit(page, to="/login/otp", code=NO_CODE)

    async with calling_from(app, app.new_address()) as other, visiting(other) as visitor:
        page = await visitor.give_password(await visitor.get("/login"), user)
        app.clock.advance(seconds=31)
        refused = await visitor.submit(page, to="/login/otp", code=app.code(user))
        app.clock.advance(seconds=int(refused.headers["retry-after"]))
        answer = await visitor.submit(page, to="/login/otp", code=app.code(user))

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == 12
    assert is_signed_in(answer)


@pytest.mark.slow
async def test_recovery_codes_and_one_time_codes_share_one_back_off(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 17: no door beside the guarded one"""
    await guess_codes(app, user, FREE + 1)

    async with calling_from(app, app.new_address()) as thief, visiting(thief) as visitor:
        await visitor.give_password(await visitor.get("/login"), user)
        page = await visitor.get("/login/recovery")
        refused = await visitor.submit(
            page, to="/login/recovery", recovery_code="aaaa-bbbb-cccc-dddd"
        )

    assert refused.status_code == 429


async def test_codes_at_the_password_grant_share_the_back_off_of_other_codes(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR rows 10 and 17: where each sign-in requires a code, a failure counts as both"""
    app = await start_app(**WIDE, otp_policy="every_login")
    client, user = await app.create_client(), await app.enrolled_user()
    await guess_codes(app, user, FREE + 1)
    app.clock.advance(seconds=60)
    await guess_codes(app, user, 1)

    async with calling_from(app, app.new_address()) as stranger:
        refused = await stranger.password_grant(client, user, otp=app.code(user))

    assert refused.status_code == 429


@pytest.mark.slow
async def test_a_successful_sign_in_clears_the_failures(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 17: consecutive failures are what is counted"""
    home = app.new_address()
    await sign_in_from(app, client, user, home)
    await guess_passwords(app, client, user, FREE)
    await sign_in_from(app, client, user, home)

    assert await guess_passwords(app, client, user, FREE + 1) == [400] * FREE + [429]


@pytest.mark.slow
async def test_a_day_without_a_failure_clears_the_failures(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 17"""
    await guess_passwords(app, client, user, FREE - 1)
    app.clock.advance(seconds=ONE_DAY - 60)
    before = await guess_passwords(app, client, user, 2)
    app.clock.advance(seconds=ONE_DAY + 60)

    after = await guess_passwords(app, client, user, 2)

    assert before == [400, 429]
    assert after == [400, 400]
