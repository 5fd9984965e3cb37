"""TOTP whose device has a clock of its own (RFC 6238 section 6), and a key that changes."""

from typing import Any

import pytest
from sqlalchemy import update

from app.models.accounts.users import users
from app.repositories.accounts.users import UserRepository
from app.security.purposes import Purpose
from app.wiring import build_services
from tests.support.administration import reset_otp
from tests.support.application import Application, TestUser

WHILE = 330
"""Seconds after which a device may be found to have drifted: more than ten steps."""


async def accepts(app: Application, user: TestUser, *, ahead: int) -> bool:
    answer = await app.verify_otp(user.username, app.code(user, steps=ahead))
    return answer.status_code == 200


async def drifted(app: Application, *, by: int) -> TestUser:
    """A person whose device is that many steps ahead of us, which was learned one by one."""
    user, step = await app.enrolled_user(), 1 if by > 0 else -1
    for ahead in range(step, by + step, step):
        app.clock.advance(seconds=WHILE)
        assert await accepts(app, user, ahead=ahead)
    app.clock.advance(seconds=WHILE)
    return user


@pytest.mark.parametrize("ahead", [-2, 2])
async def test_without_drift_only_adjacent_time_steps_are_accepted(
    app: Application, user: TestUser, ahead: int
) -> None:
    """SECURITY_BAR row 18"""
    app.clock.advance(seconds=WHILE)

    assert not await accepts(app, user, ahead=ahead)
    assert await accepts(app, user, ahead=ahead // 2)


@pytest.mark.parametrize("by", [-3, -1, 1, 3])
@pytest.mark.parametrize("beside", [-1, 0, 1])
async def test_the_accepted_window_follows_the_clock_of_the_device(
    app: Application, by: int, beside: int
) -> None:
    user = await drifted(app, by=by)

    assert await accepts(app, user, ahead=by + beside)


@pytest.mark.parametrize("beside", [-2, 2])
async def test_the_accepted_window_is_never_wider_than_three_steps(
    app: Application, beside: int
) -> None:
    """SECURITY_BAR row 18: three steps, wherever they lie"""
    user = await drifted(app, by=2)

    assert not await accepts(app, user, ahead=2 + beside)


async def test_codes_used_within_minutes_do_not_move_the_window(app: Application) -> None:
    user = await app.enrolled_user()
    for _ in range(5):
        app.clock.advance(seconds=60)
        assert await accepts(app, user, ahead=1)

    app.clock.advance(seconds=WHILE)

    assert not await accepts(app, user, ahead=2)


async def test_the_window_moves_one_step_at_a_time_in_both_directions(app: Application) -> None:
    user = await drifted(app, by=2)

    assert await accepts(app, user, ahead=1)
    app.clock.advance(seconds=WHILE)

    assert not await accepts(app, user, ahead=3)
    assert await accepts(app, user, ahead=0)


async def test_a_drift_of_more_than_five_minutes_is_not_followed(app: Application) -> None:
    user = await drifted(app, by=11)

    assert not await accepts(app, user, ahead=12)
    assert await accepts(app, user, ahead=11)


async def test_a_code_of_a_drifted_device_can_be_used_once(app: Application) -> None:
    """SECURITY_BAR row 16"""
    user = await drifted(app, by=2)

    assert await accepts(app, user, ahead=3)
    for ahead in (3, 2, 1):
        assert not await accepts(app, user, ahead=ahead)


async def test_a_new_device_starts_without_drift(app: Application) -> None:
    user = await drifted(app, by=3)
    services = build_services(app.settings, app.clock)
    enrolment = await reset_otp(services, user.username)
    await services.close()
    secret = enrolment.otp_uri.partition("secret=")[2].partition("&")[0]
    again = TestUser(user.username, user.password, secret)

    assert not await accepts(app, again, ahead=2)
    assert await accepts(app, again, ahead=0)


async def test_a_code_is_accepted_once_while_its_secret_is_being_resealed(
    app: Application, user: TestUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`postern keys rewrap` while somebody signs in"""
    use_otp_step, resealed = UserRepository.use_otp_step, []
    services = build_services(app.settings, app.clock)
    box = services.core.box(Purpose.OTP_SECRETS)

    async def overtaken(repository: UserRepository, person: Any, *rest: Any, **named: Any) -> bool:
        if not resealed:
            resealed.append(box.seal(user.otp_secret.encode(), context=person.user_id))
            await services.core.database.change(
                update(users)
                .where(users.c.user_id == person.user_id)
                .values(otp_secret=resealed[0])
            )
        return await use_otp_step(repository, person, *rest, **named)

    monkeypatch.setattr(UserRepository, "use_otp_step", overtaken)
    app.clock.advance(seconds=60)

    assert await accepts(app, user, ahead=0)
    assert not await accepts(app, user, ahead=0)
    await services.close()
