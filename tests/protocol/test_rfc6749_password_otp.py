"""The password grant where a fresh code is due too (OTP_POLICY=every_login)."""

import asyncio

import pytest
import pytest_asyncio

from tests.protocol.wire import answer_of
from tests.support.application import NO_LIMITS, Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {**NO_LIMITS, "otp_policy": "every_login"}
STEP = 30


@pytest_asyncio.fixture
async def user(app: Application) -> TestUser:
    """His enrolment was confirmed one step ago, so that today's code is fresh."""
    user = await app.enrolled_user()
    app.clock.advance(seconds=STEP)
    return user


async def test_a_password_with_a_fresh_code_signs_in(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """CONTRACT: the form parameter `otp`"""
    answer = await app.password_grant(client, user, otp=app.code(user))

    assert answer.status_code == 200


async def test_every_failed_sign_in_gets_the_same_error(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 10"""
    unconfirmed = await app.register()
    right = app.code(user)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    stranger = TestUser(app.new_name(), user.password, user.otp_secret)

    answers = [
        await app.password_grant(client, user),
        await app.password_grant(client, user, otp=""),
        await app.password_grant(client, user, otp=wrong),
        await app.password_grant(client, user, otp="not a code"),
        await app.password_grant(client, user, otp=app.code(user, steps=-2)),
        await app.password_grant(client, user, otp=app.code(user, steps=2)),
        await app.password_grant(client, user, password="wrong password", otp=right),
        await app.password_grant(client, unconfirmed, otp=app.code(unconfirmed)),
        await app.password_grant(client, stranger, otp=right),
    ]

    for answer in answers:
        assert_oauth_error(answer, "invalid_grant")
        assert answer_of(answer) == answer_of(answers[0])


async def test_a_wrong_password_does_not_consume_the_code(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 16: a stranger who guesses codes cannot spend them either"""
    code = app.code(user)
    await app.password_grant(client, user, password="wrong password", otp=code)

    answer = await app.password_grant(client, user, otp=code)

    assert answer.status_code == 200


async def test_a_refused_scope_does_not_consume_the_code(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 6"""
    code = app.code(user)
    refused = await app.password_grant(client, user, otp=code, scope="more")

    answer = await app.password_grant(client, user, otp=code)

    assert_oauth_error(refused, "invalid_scope")
    assert answer.status_code == 200


async def test_a_code_works_only_once(app: Application, client: TestClient, user: TestUser) -> None:
    """SECURITY_BAR row 16; RFC 6238 section 5.2"""
    code = app.code(user)
    first = await app.password_grant(client, user, otp=code)

    second = await app.password_grant(client, user, otp=code)

    assert first.status_code == 200
    assert_oauth_error(second, "invalid_grant")


async def test_only_one_of_ten_concurrent_uses_of_a_code_signs_in(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 16: also concurrently"""
    code = app.code(user)

    answers = await asyncio.gather(*(app.password_grant(client, user, otp=code) for _ in range(10)))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9


async def test_the_code_that_confirmed_the_enrolment_does_not_sign_in(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 16"""
    user = await app.register()
    code = app.code(user)
    await app.verify_otp(user.username, code)

    answer = await app.password_grant(client, user, otp=code)

    assert_oauth_error(answer, "invalid_grant")


async def test_a_code_older_than_the_last_used_one_is_refused(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 16: codes count forwards only"""
    await app.password_grant(client, user, otp=app.code(user, steps=1))

    answer = await app.password_grant(client, user, otp=app.code(user))

    assert_oauth_error(answer, "invalid_grant")


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_a_code_may_be_one_step_early_or_late(
    app: Application, client: TestClient, user: TestUser, steps: int
) -> None:
    """SECURITY_BAR row 18"""
    app.clock.advance(seconds=STEP)

    answer = await app.password_grant(client, user, otp=app.code(user, steps=steps))

    assert answer.status_code == 200


async def test_a_code_may_contain_spaces(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 18"""
    code = app.code(user)

    answer = await app.password_grant(client, user, otp=f"{code[:3]} {code[3:]}")

    assert answer.status_code == 200


async def test_a_refresh_needs_no_code(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 6749 section 6: the refresh token stands for the sign-in"""
    pair = (await app.password_grant(client, user, otp=app.code(user))).json()

    answer = await app.refresh(client, pair["refresh_token"])

    assert answer.status_code == 200
