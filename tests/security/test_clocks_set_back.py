"""A code that was used while the clock was ahead locks nobody out once it is right again."""

import asyncio
from collections import Counter

import pytest

from tests.support.application import Application

pytestmark = pytest.mark.both_databases

HOUR = 3600


async def test_a_code_used_while_the_clock_was_ahead_does_not_lock_the_user_out(
    app: Application, caplog: pytest.LogCaptureFixture
) -> None:
    """SECURITY_BAR row 16 and fault row 12"""
    user = await app.enrolled_user()
    app.clock.advance(seconds=HOUR)
    assert (await app.verify_otp(user.username, app.code(user))).status_code == 200
    app.clock.advance(seconds=30 - HOUR)

    answer = await app.verify_otp(user.username, app.code(user))

    assert answer.status_code == 200
    assert "before the clock was set back" in caplog.text


async def test_a_code_accepted_after_the_clock_is_set_back_can_be_used_once(
    app: Application,
) -> None:
    """SECURITY_BAR row 16: checked and used in one statement"""
    user = await app.enrolled_user()
    app.clock.advance(seconds=HOUR)
    assert (await app.verify_otp(user.username, app.code(user))).status_code == 200
    app.clock.advance(seconds=30 - HOUR)
    code = app.code(user)

    answers = await asyncio.gather(*(app.verify_otp(user.username, code) for _ in range(20)))
    later = await app.verify_otp(user.username, code)

    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 19}
    assert later.status_code == 401


async def test_codes_used_while_the_clock_was_ahead_cannot_be_reused(app: Application) -> None:
    """SECURITY_BAR row 16: somebody who saw them cannot use them when their time comes"""
    user = await app.enrolled_user()
    app.clock.advance(seconds=HOUR)
    seen = [app.code(user), app.code(user, steps=1)]
    for code in seen:
        assert (await app.verify_otp(user.username, code)).status_code == 200
    app.clock.advance(seconds=30 - HOUR)
    assert (await app.verify_otp(user.username, app.code(user))).status_code == 200

    app.clock.advance(seconds=HOUR - 30)
    answers = [(await app.verify_otp(user.username, code)).status_code for code in seen]

    assert answers == [401, 401]


async def test_codes_used_before_the_clock_was_ahead_cannot_be_reused(app: Application) -> None:
    """SECURITY_BAR row 16"""
    user = await app.register()
    code = app.code(user)
    assert (await app.verify_otp(user.username, code)).status_code == 200
    app.clock.advance(seconds=HOUR)
    assert (await app.verify_otp(user.username, app.code(user))).status_code == 200
    app.clock.advance(seconds=-HOUR)

    again = await app.verify_otp(user.username, code)

    assert again.status_code == 401


async def test_an_older_code_is_refused_after_the_clock_is_set_back_one_step(
    app: Application,
) -> None:
    """SECURITY_BAR row 16: an older code stays refused"""
    user = await app.register()
    older, newer = app.code(user), app.code(user, steps=1)
    assert (await app.verify_otp(user.username, newer)).status_code == 200
    app.clock.advance(seconds=-30)

    answer = await app.verify_otp(user.username, older)

    assert answer.status_code == 401
