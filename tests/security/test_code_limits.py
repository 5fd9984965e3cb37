"""Guessing one-time codes: five tries of an account, then growing delays."""

import asyncio

import httpx
import pytest

from tests.conftest import AppFactory
from tests.support.application import Application, TestUser
from tests.support.callers import calling_from
from tests.support.visitor import Visitor, text_of, visiting

pytestmark = pytest.mark.both_databases

FREE = 5
NO_CODE = "000000"


async def wrong(app: Application, user: TestUser) -> httpx.Response:
    return await app.verify_otp(user.username, NO_CODE)


async def test_after_five_wrong_codes_the_next_attempt_is_rate_limited(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR rows 17 and 50"""
    answers = [await wrong(app, user) for _ in range(FREE + 1)]

    assert [each.status_code for each in answers] == [401] * FREE + [429]
    assert int(answers[-1].headers["retry-after"]) == 12
    assert answers[-1].json()["error"] == "too_many_requests"


async def test_an_unknown_username_is_limited_like_a_known_one(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR rows 17, 19 and 50"""
    nobody = TestUser(app.new_name(), "", user.otp_secret)

    known = [await wrong(app, user) for _ in range(FREE + 2)]
    unknown = [await wrong(app, nobody) for _ in range(FREE + 2)]

    assert [each.status_code for each in known] == [each.status_code for each in unknown]
    assert [each.json() for each in known] == [each.json() for each in unknown]


async def test_a_correct_code_is_refused_during_the_delay_and_accepted_after_it(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 17"""
    for _ in range(FREE + 1):
        await wrong(app, user)

    at_once = await app.verify_otp(user.username, app.code(user, steps=1))
    app.clock.advance(seconds=31)
    after = await app.verify_otp(user.username, app.code(user))

    assert at_once.status_code == 429
    assert after.json() == {"valid": True}


async def test_delays_double_up_to_an_hour_and_the_back_off_lasts_a_day(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 17; NIST SP 800-63B section 3.2.2"""
    for _ in range(FREE + 1):
        await wrong(app, user)
    delays = []
    for _ in range(11):
        refused = await wrong(app, user)
        delays.append(int(refused.headers["retry-after"]))
        app.clock.advance(seconds=delays[-1])
        assert (await wrong(app, user)).status_code == 401

    assert delays[:4] == [12, 24, 48, 96]
    assert delays[-1] == 3600
    app.clock.advance(seconds=3600 + 3600)
    await wrong(app, user)
    assert int((await wrong(app, user)).headers["retry-after"]) == 3600


async def test_a_different_ip_gets_no_additional_attempts(app: Application, user: TestUser) -> None:
    """SECURITY_BAR row 17: the count is the account's"""
    for _ in range(FREE + 1):
        await wrong(app, user)

    async with calling_from(app, app.new_address()) as elsewhere:
        answer = await wrong(elsewhere, user)

    assert answer.status_code == 429


async def test_concurrent_codes_get_no_more_attempts_than_sequential_ones(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 17"""
    codes = [f"{number:06}" for number in range(30)]
    answers = await asyncio.gather(*(app.verify_otp(user.username, code) for code in codes))

    assert sorted(each.status_code for each in answers) == [401] * FREE + [429] * 25


async def test_repeating_a_correct_code_concurrently_does_not_count_as_a_guess(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 16: one wins, and the others are told so"""
    app.clock.advance(seconds=31)
    code = app.code(user)

    answers = await asyncio.gather(*(app.verify_otp(user.username, code) for _ in range(20)))

    assert sorted(each.status_code for each in answers) == [200] + [401] * 19


async def otp_page(visitor: Visitor, user: TestUser) -> httpx.Response:
    return await visitor.give_password(await visitor.get("/login"), user)


async def test_starting_a_new_sign_in_does_not_reset_the_count(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 17: neither another sign-in nor another browser resets the count"""
    page = await otp_page(visitor, user)
    for _ in range(FREE - 1):
        page = await visitor.submit(page, to="/login/otp", code=NO_CODE)
        assert page.status_code == 400
    again = await otp_page(visitor, user)
    await visitor.submit(again, to="/login/otp", code=NO_CODE)

    async with visiting(app) as other_browser:
        page = await otp_page(other_browser, user)
        answer = await other_browser.submit(page, to="/login/otp", code=NO_CODE)

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_the_page_says_when_to_try_again(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 50, for people"""
    page = await otp_page(visitor, user)
    for _ in range(FREE):
        await visitor.submit(page, to="/login/otp", code=NO_CODE)

    answer = await visitor.submit(page, to="/login/otp", code=NO_CODE)

    assert answer.status_code == 429
    assert "Too many attempts. Try again in 12 seconds." in text_of(answer)
    assert 'action="/login/otp"' in answer.text
    assert answer.headers["content-type"].startswith("text/html")


async def test_guesses_without_the_password_do_not_delay_a_user_with_the_password(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 23: `/verify_otp` needs no password"""
    for _ in range(FREE + 1):
        await wrong(app, user)
    app.clock.advance(seconds=31)
    for _ in range(FREE + 1):
        await wrong(app, user)

    page = await otp_page(visitor, user)
    answer = await visitor.submit(page, to="/login/otp", code=app.code(user))

    assert answer.is_redirect


async def test_the_password_grant_does_not_reveal_if_the_password_or_the_code_was_wrong(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR rows 10 and 17: the limit of codes holds whatever the password was"""
    app = await start_app(otp_policy="every_login")
    client, user, other = (
        await app.create_client(), await app.enrolled_user(), await app.enrolled_user(),
    )  # fmt: skip

    wrong_code = [await app.password_grant(client, user, otp=NO_CODE) for _ in range(FREE + 1)]
    guesser = TestUser(other.username, "not his password", other.otp_secret)
    async with calling_from(app, app.new_address()) as elsewhere:
        wrong_password = [
            await elsewhere.password_grant(client, guesser, otp=NO_CODE) for _ in range(FREE + 1)
        ]

    assert [each.status_code for each in wrong_code] == [400] * FREE + [429]
    assert [each.status_code for each in wrong_password] == [400] * FREE + [429]
    assert wrong_code[0].json() == wrong_password[0].json()


async def test_a_correct_code_clears_the_count(app: Application, user: TestUser) -> None:
    """SECURITY_BAR row 17: people mistype"""
    for _ in range(FREE - 1):
        await wrong(app, user)
    app.clock.advance(seconds=31)
    await app.verify_otp(user.username, app.code(user))

    answers = [await wrong(app, user) for _ in range(FREE)]

    assert {each.status_code for each in answers} == {401}
