"""Limits against who knows them: guesses at a steady pace, stolen turns, clocks that differ."""

import asyncio
import math
from collections.abc import Awaitable, Callable

import httpx
import pytest

from app.database.lookups import Lookup
from app.services.accounts.password_hashing import PasswordCheck, PasswordHashing
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.callers import calling_from
from tests.support.visitor import Visitor, visiting

pytestmark = pytest.mark.both_databases

DAY = 86_400
WRONG = "not the password of anybody"
NO_CODE = "000000"
FREE_PASSWORDS, FREE_CODES = 10, 5
LONGEST_DELAY_OF_CODES = 3600

Attempt = Callable[[], Awaitable[httpx.Response]]


async def wrong_password(
    app: Application, client: TestClient, user: TestUser, **form: str
) -> httpx.Response:
    return await app.password_grant(client, user, password=WRONG, **form)


async def answered_in_a_day(app: Application, attempt: Attempt, *, pace: float) -> int:
    """Of attempts one each `pace` seconds, how many were answered. Those that are sure to be
    refused are not made: they count for nothing."""
    answered, passed = 0, 0.0
    while passed < DAY:
        answer = await attempt()
        steps = 1
        if answer.status_code == 429:
            steps = math.ceil(int(answer.headers["retry-after"]) / pace)
        else:
            answered += 1
        app.clock.advance(seconds=steps * pace)
        passed += steps * pace
    return answered


async def statuses_beside(app: Application, attempt: Attempt, hammering: Attempt) -> list[int]:
    """Somebody waits as he is told, and each time another one is there a moment before him."""
    statuses: list[int] = []
    while len(statuses) < 10:
        await hammering()
        answer = await attempt()
        statuses.append(answer.status_code)
        if answer.status_code != 429:
            break
        app.clock.advance(seconds=int(answer.headers["retry-after"]))
    return statuses


async def code_page(visitor: Visitor, user: TestUser) -> httpx.Response:
    return await visitor.give_password(await visitor.get("/login"), user)


async def test_one_code_every_15_seconds_gets_at_most_45_attempts_a_day(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 17"""

    async def attempt() -> httpx.Response:
        return await app.verify_otp(user.username, NO_CODE)

    answered = await answered_in_a_day(app, attempt, pace=15)

    assert FREE_CODES < answered <= 45


@pytest.mark.slow
async def test_one_code_every_15_seconds_after_the_password_gets_at_most_45_attempts_a_day(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 17: the right password in between clears nothing"""
    async with calling_from(app, app.new_address()) as thief, visiting(thief) as visitor:

        async def attempt() -> httpx.Response:
            page = await code_page(visitor, user)
            return await visitor.submit(page, to="/login/otp", code=NO_CODE)

        answered = await answered_in_a_day(app, attempt, pace=15)

    assert FREE_CODES < answered <= 45


@pytest.mark.slow
async def test_nine_passwords_a_minute_get_at_most_250_attempts_a_day(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 23"""
    async with calling_from(app, app.new_address()) as stranger:

        async def attempt() -> httpx.Response:
            return await wrong_password(stranger, client, user)

        answered = await answered_in_a_day(app, attempt, pace=60 / 9)

    assert FREE_PASSWORDS < answered <= 250


async def test_continuous_guessing_does_not_lock_a_user_out_of_the_password_grant(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 23: the owner waits once, at a network that is as new as the stranger's"""
    async with (
        calling_from(app, app.new_address()) as stranger,
        calling_from(app, app.new_address()) as owner,
    ):
        for _ in range(FREE_PASSWORDS + 2):
            await wrong_password(stranger, client, user)

        statuses = await statuses_beside(
            app,
            lambda: owner.password_grant(client, user),
            lambda: wrong_password(stranger, client, user),
        )

    assert statuses == [429, 200]


async def test_continuous_guessing_does_not_prevent_confirming_an_enrolment(
    app: Application,
) -> None:
    """SECURITY_BAR rows 17 and 23: `/verify_otp` is open to anybody who knows the name"""
    new = await app.register()
    async with calling_from(app, app.new_address()) as stranger:
        for _ in range(FREE_CODES + 2):
            await stranger.verify_otp(new.username, NO_CODE)

        statuses = await statuses_beside(
            app,
            lambda: app.verify_otp(new.username, app.code(new)),
            lambda: stranger.verify_otp(new.username, NO_CODE),
        )

    assert statuses == [429, 200]


async def test_continuous_guessing_with_a_stolen_password_does_not_lock_the_user_out(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR rows 17 and 23"""
    app.clock.advance(seconds=60)  # the code of the enrolment is used
    async with (
        calling_from(app, app.new_address()) as thief,
        calling_from(app, app.new_address()) as home,
        visiting(thief) as his,
        visiting(home) as mine,
    ):
        page_of_thief = await code_page(his, user)
        for _ in range(FREE_CODES + 2):
            await his.submit(page_of_thief, to="/login/otp", code=NO_CODE)
        page = await code_page(mine, user)

        statuses = await statuses_beside(
            app,
            lambda: mine.submit(page, to="/login/otp", code=app.code(user)),
            lambda: his.submit(page_of_thief, to="/login/otp", code=NO_CODE),
        )

    assert statuses == [429, 303]


@pytest.mark.parametrize("door", ["passwords", "codes"])
async def test_two_servers_with_different_clocks_allow_no_additional_attempts(
    start_app: AppFactory, door: str
) -> None:
    """SECURITY_BAR row 23: one is in the next window already, the other one is not"""
    first = await start_app()
    second = await start_app(database_url=first.settings.database_url)
    client, user = await first.create_client(), await first.enrolled_user()
    window, free = (60, FREE_PASSWORDS) if door == "passwords" else (DAY, FREE_CODES)
    edge = window - first.clock.now().timestamp() % window
    first.clock.advance(seconds=edge + 0.02)
    second.clock._now = first.clock.now()
    second.clock.advance(seconds=-0.04)

    answers = []
    for _ in range(6):
        for server in (first, *[second] * (free - 1)):
            if door == "passwords":
                answers.append(await wrong_password(server, client, user))
            else:
                answers.append(await server.verify_otp(user.username, NO_CODE))

    statuses = [each.status_code for each in answers]
    assert len(statuses) - statuses.count(429) == free


async def test_a_replayed_code_does_not_clear_the_count(app: Application, user: TestUser) -> None:
    """SECURITY_BAR rows 16 and 17: who saw a code has no more guesses than others"""
    used = app.code(user)

    guesses: list[httpx.Response] = []
    for _ in range(3):
        guesses += [await app.verify_otp(user.username, NO_CODE) for _ in range(FREE_CODES - 1)]
        await app.verify_otp(user.username, used)

    assert [each.status_code for each in guesses].count(401) == FREE_CODES


async def test_a_replayed_code_does_not_count_as_a_guess(app: Application, user: TestUser) -> None:
    """SECURITY_BAR row 17: a form that is sent twice costs its owner nothing"""
    used = app.code(user)

    again = [await app.verify_otp(user.username, used) for _ in range(4 * FREE_CODES)]
    guesses = [await app.verify_otp(user.username, NO_CODE) for _ in range(FREE_CODES + 1)]

    assert {each.status_code for each in again} == {401}
    assert [each.status_code for each in guesses] == [401] * FREE_CODES + [429]


async def test_a_replayed_code_on_the_page_does_not_clear_the_count(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR rows 16 and 17"""
    used = app.code(user)
    page = await code_page(visitor, user)

    guesses: list[httpx.Response] = []
    for _ in range(3):
        guesses += [
            await visitor.submit(page, to="/login/otp", code=NO_CODE) for _ in range(FREE_CODES - 1)
        ]
        await visitor.submit(page, to="/login/otp", code=used)

    assert [each.status_code for each in guesses].count(400) == FREE_CODES


async def test_a_replayed_code_does_not_clear_the_count_if_every_login_requires_one(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR rows 10, 16 and 17: who has the password and saw a code"""
    app = await start_app(otp_policy="every_login")
    client, user = await app.create_client(), await app.enrolled_user()
    used = app.code(user)

    guesses: list[httpx.Response] = []
    for _ in range(3):
        guesses += [
            await app.password_grant(client, user, otp=NO_CODE) for _ in range(FREE_CODES - 1)
        ]
        await app.password_grant(client, user, otp=used)

    assert [each.status_code for each in guesses].count(400) == FREE_CODES


class Work:
    """What the database is asked and how often a password is checked, as long as it is watched."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        look_up, check = Lookup.__call__, PasswordHashing.check

        async def counting_look_up(lookup: Lookup[object], key: object) -> object:
            self.done.append("look-up")
            return await look_up(lookup, key)

        async def counting_check(
            hashing: PasswordHashing, password: str, password_hash: str | None
        ) -> PasswordCheck:
            self.done.append("password")
            return await check(hashing, password, password_hash)

        monkeypatch.setattr(Lookup, "__call__", counting_look_up)
        monkeypatch.setattr(PasswordHashing, "check", counting_check)

    async def of(self, attempt: Awaitable[httpx.Response], *, status: int) -> list[str]:
        self.done.clear()
        answer = await attempt
        assert answer.status_code == status
        return sorted(self.done)


async def test_a_correct_password_with_a_wrong_code_takes_the_work_of_a_wrong_password(
    start_app: AppFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY_BAR rows 10 and 19: the time tells nobody that he has found the password"""
    app = await start_app(otp_policy="every_login")
    client, user = await app.create_client(), await app.enrolled_user()
    nobody = TestUser(app.new_name(), user.password, user.otp_secret)
    await app.password_grant(client, user, otp=NO_CODE)
    work = Work(monkeypatch)

    right = await work.of(app.password_grant(client, user, otp=NO_CODE), status=400)
    wrong = await work.of(wrong_password(app, client, user, otp=NO_CODE), status=400)
    unknown = await work.of(app.password_grant(client, nobody, otp=NO_CODE), status=400)

    assert right == wrong == unknown
    assert right.count("password") == 1


async def test_verifying_a_code_takes_the_same_work_for_an_unknown_username(
    app: Application, user: TestUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY_BAR rows 17 and 19"""
    nobody = app.new_name()
    for name in (user.username, nobody):
        await app.verify_otp(name, NO_CODE)
    work = Work(monkeypatch)

    known = await work.of(app.verify_otp(user.username, NO_CODE), status=401)
    unknown = await work.of(app.verify_otp(nobody, NO_CODE), status=401)

    assert known == unknown
    assert known


async def test_a_rate_limited_correct_code_is_not_consumed(start_app: AppFactory) -> None:
    """SECURITY_BAR rows 16 and 23: it counts once the delay is over"""
    app = await start_app(otp_policy="every_login")
    client, user = await app.create_client(), await app.enrolled_user()
    app.clock.advance(seconds=60)
    code = app.code(user)
    guesses = [wrong_password(app, client, user, otp=NO_CODE) for _ in range(2 * FREE_CODES)]
    await asyncio.gather(*guesses)

    refused = await app.password_grant(client, user, otp=code)
    app.clock.advance(seconds=int(refused.headers["retry-after"]))
    answer = await app.password_grant(client, user, otp=code)

    assert refused.status_code == 429
    assert answer.status_code == 200


async def test_setting_the_clock_back_does_not_exceed_the_maximum_delay(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 23: a delay, no lockout"""
    app = await start_app()
    user = await app.enrolled_user()
    for _ in range(FREE_CODES + 1):
        await app.verify_otp(user.username, NO_CODE)
    app.clock.advance(seconds=-3600)

    refused = await app.verify_otp(user.username, NO_CODE)
    app.clock.advance(seconds=int(refused.headers["retry-after"]))
    after = await app.verify_otp(user.username, app.code(user, steps=1))

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) <= LONGEST_DELAY_OF_CODES
    assert after.status_code == 200
