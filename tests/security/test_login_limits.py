"""Guessing passwords: by account and by address, with delays instead of lockouts."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.callers import calling_from

pytestmark = pytest.mark.both_databases

WRONG = "not the password of anybody"
FREE = 10


@pytest_asyncio.fixture
async def stranger(app: Application) -> AsyncIterator[Application]:
    """The application as somebody at another address sees it."""
    async with calling_from(app, app.new_address()) as made:
        yield made


async def guess(
    app: Application, client: TestClient, username: str, password: str = WRONG
) -> httpx.Response:
    form = {"grant_type": "password", "username": username, "password": password}
    return await app.token(client, **form)


async def guess_until_refused(app: Application, client: TestClient, username: str) -> int:
    """How many guesses were answered, and the delay after them."""
    for count in range(100):
        answer = await guess(app, client, username)
        if answer.status_code == 429:
            return count
    raise AssertionError("never refused")


async def test_after_ten_wrong_passwords_the_next_attempt_is_rate_limited(
    stranger: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR rows 23 and 50"""
    answers = [await guess(stranger, client, user.username) for _ in range(FREE + 1)]

    assert [each.status_code for each in answers] == [400] * FREE + [429]
    refused = answers[-1]
    assert refused.json()["error"] == "too_many_requests"
    assert refused.json()["error_description"]
    assert int(refused.headers["retry-after"]) == 6
    assert refused.headers["cache-control"] == "no-store"


async def test_an_unknown_username_is_limited_like_a_known_one(
    stranger: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR rows 19, 23 and 50"""
    nobody = stranger.new_name()

    known = [await guess(stranger, client, user.username) for _ in range(FREE + 2)]
    async with calling_from(stranger, stranger.new_address()) as other:
        unknown = [await guess(other, client, nobody) for _ in range(FREE + 2)]

    assert [each.status_code for each in known] == [each.status_code for each in unknown]
    assert [each.json() for each in known] == [each.json() for each in unknown]
    assert known[-1].headers["retry-after"] == unknown[-1].headers["retry-after"]


async def test_the_correct_password_is_refused_during_the_delay(
    stranger: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 23: otherwise the delay would hold nobody up"""
    await guess_until_refused(stranger, client, user.username)

    answer = await guess(stranger, client, user.username, user.password)

    assert answer.status_code == 429


async def test_after_the_delay_the_correct_password_signs_in_and_clears_the_count(
    stranger: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 23: a delay, no lockout"""
    await guess_until_refused(stranger, client, user.username)
    stranger.clock.advance(seconds=7)

    answer = await guess(stranger, client, user.username, user.password)
    after = [await guess(stranger, client, user.username) for _ in range(FREE)]

    assert answer.status_code == 200
    assert {each.status_code for each in after} == {400}


async def test_delays_double_up_to_fifteen_minutes(
    stranger: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 23"""
    await guess_until_refused(stranger, client, user.username)
    delays = []
    for _ in range(10):
        refused = await guess(stranger, client, user.username)
        delays.append(int(refused.headers["retry-after"]))
        stranger.clock.advance(seconds=delays[-1])
        turn = await guess(stranger, client, user.username)
        assert turn.status_code == 400

    assert delays[:5] == [6, 12, 24, 48, 96]
    assert delays[-1] == 900


async def test_refused_attempts_do_not_extend_the_delay(
    stranger: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 23: who goes on hammering keeps nobody out"""
    await guess_until_refused(stranger, client, user.username)
    for _ in range(50):
        refused = await guess(stranger, client, user.username)
        assert refused.status_code == 429

    stranger.clock.advance(seconds=7)
    answer = await guess(stranger, client, user.username, user.password)

    assert answer.status_code == 200


async def test_a_stranger_does_not_delay_a_user_who_signs_in_from_a_known_network(
    app: Application, stranger: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 23: a stranger cannot lock a victim out"""
    at_home = await app.password_grant(client, user)
    await guess_until_refused(stranger, client, user.username)

    answer = await app.password_grant(client, user)
    from_elsewhere = await guess(stranger, client, user.username, user.password)

    assert (at_home.status_code, answer.status_code) == (200, 200)
    assert from_elsewhere.status_code == 429


async def test_spraying_one_password_over_many_accounts_is_limited_by_ip(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR rows 23 and 50"""
    app = await start_app(login_limit_address=12)
    client = await app.create_client()

    answers = [await guess(app, client, app.new_name()) for _ in range(14)]

    assert [each.status_code for each in answers] == [400] * 12 + [429] * 2


async def test_password_spraying_from_one_ip_does_not_block_other_ips(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 23"""
    app = await start_app(login_limit_address=12)
    client, user = await app.create_client(), await app.enrolled_user()
    for _ in range(14):
        await guess(app, client, app.new_name())

    async with calling_from(app, app.new_address()) as elsewhere:
        answer = await elsewhere.password_grant(client, user)

    assert answer.status_code == 200


async def test_an_ipv6_64_network_counts_as_one_caller(start_app: AppFactory) -> None:
    """SECURITY_BAR row 23: who has a /64 has more addresses than anybody could count"""
    app = await start_app(login_limit_address=12)
    client = await app.create_client()

    answers = []
    for number in range(14):
        async with calling_from(app, f"2001:db8:0:7::{number + 1:x}") as one:
            answers.append(await guess(one, client, app.new_name()))
    async with calling_from(app, "2001:db8:0:8::1") as neighbour:
        next_door = await guess(neighbour, client, app.new_name())

    assert [each.status_code for each in answers] == [400] * 12 + [429] * 2
    assert next_door.status_code == 400


async def test_concurrent_guesses_get_no_more_attempts_than_sequential_ones(
    stranger: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 23"""
    answers = await asyncio.gather(
        *(guess(stranger, client, user.username) for _ in range(3 * FREE))
    )

    assert sorted(each.status_code for each in answers) == [400] * FREE + [429] * 2 * FREE


async def test_two_servers_share_one_count(start_app: AppFactory, client: TestClient) -> None:
    """SECURITY_BAR row 23; fault 9"""
    first = await start_app()
    second = await start_app(database_url=first.settings.database_url)
    client, user = await first.create_client(), await first.enrolled_user()

    answers = []
    for _ in range(FREE // 2 + 1):
        answers.append(await guess(first, client, user.username))
        answers.append(await guess(second, client, user.username))

    assert [each.status_code for each in answers] == [400] * FREE + [429] * 2


@pytest.mark.parametrize("spelling", [str.upper, str.title, lambda name: name])
async def test_different_spellings_of_a_username_share_one_count(
    stranger: Application, client: TestClient, user: TestUser, spelling: object
) -> None:
    """SECURITY_BAR rows 21 and 23"""
    await guess_until_refused(stranger, client, user.username)

    answer = await guess(stranger, client, spelling(user.username))  # type: ignore[operator]

    assert answer.status_code == 429


async def test_enrolment_requests_and_sign_ins_share_one_count(
    stranger: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR rows 23 and 50: one count for every door"""
    body = {"username": user.username, "password": WRONG}
    for _ in range(FREE // 2):
        await stranger.http.post("/enroll_otp", json=body)
        await guess(stranger, client, user.username)

    answer = await stranger.http.post("/enroll_otp", json=body)

    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["error"] == "too_many_requests"
    assert int(answer.headers["retry-after"]) > 0


async def test_repeated_successful_sign_ins_are_never_rate_limited(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """a service that signs the same person in all the time"""
    answers = await asyncio.gather(*(app.password_grant(client, user) for _ in range(30)))

    assert {each.status_code for each in answers} == {200}
