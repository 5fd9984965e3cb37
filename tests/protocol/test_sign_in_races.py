"""Sign-ins that overlap a change of the credentials: what they yield is worth nothing."""

import asyncio
import threading
from typing import Any

import asyncpg
import httpx
import pytest

from app.repositories.accounts.users import UserRepository
from app.security.passwords import PasswordScheme
from app.wiring import Services
from tests.support.administration import reset_otp, reset_password, set_user_disabled
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error

pytestmark = pytest.mark.both_databases

CHANGES = ["password", "otp", "disabled"]
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'access_tokens'::regclass"


@pytest.mark.parametrize("change", CHANGES)
async def test_a_sign_in_concurrent_with_an_operator_change_yields_no_valid_tokens(
    app: Application,
    client: TestClient,
    user: TestUser,
    operator: Services,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    """SECURITY_BAR row 9: whoever knows only the old credentials has nothing after the change"""
    verify = PasswordScheme.verify
    is_verified, go_on = threading.Event(), threading.Event()

    def verify_slowly(scheme: PasswordScheme, password: str, password_hash: str) -> bool:
        is_right = verify(scheme, password, password_hash)
        is_verified.set()
        assert go_on.wait(60)
        return is_right

    monkeypatch.setattr(PasswordScheme, "verify", verify_slowly)
    sign_in = asyncio.create_task(app.password_grant(client, user))
    assert await asyncio.to_thread(is_verified.wait, 60)
    await _change(operator, user, change)
    go_on.set()

    answer = await sign_in

    await _assert_yielded_nothing_that_lives(app, client, answer)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_before_the_commit_of_a_sign_in_invalidates_its_tokens(
    app: Application, client: TestClient, user: TestUser, operator: Services, change: str
) -> None:
    """SECURITY_BAR row 9: neither of two transactions sees what the other has not committed

    On SQLite one waits for the other, so this can only happen on PostgreSQL.
    """
    if app.settings.is_sqlite:
        pytest.skip("SQLite has one writer")
    holder = await asyncpg.connect(app.settings.database_url)
    try:
        await holder.execute("BEGIN; LOCK TABLE access_tokens IN EXCLUSIVE MODE")
        sign_in = asyncio.create_task(app.password_grant(client, user))
        while not await holder.fetchval(WAITING):  # noqa: ASYNC110 - PostgreSQL tells of no event
            await asyncio.sleep(0.01)
        changing = asyncio.create_task(_change(operator, user, change))
        await asyncio.wait([changing], timeout=0.5)  # it may have to wait for the sign-in
        await holder.execute("ROLLBACK")
        await changing
    finally:
        await holder.close()

    answer = await sign_in

    await _assert_yielded_nothing_that_lives(app, client, answer)


async def test_a_code_of_the_old_secret_does_not_confirm_its_replacement(
    app: Application,
    client: TestClient,
    operator: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SECURITY_BAR rows 16 and 20: checking a code and using it are about the same secret"""
    user = await app.register()
    use_otp_step = UserRepository.use_otp_step

    async def overtaken(users: UserRepository, *arguments: Any, **named: Any) -> bool:
        await reset_otp(operator, user.username)
        return await use_otp_step(users, *arguments, **named)

    monkeypatch.setattr(UserRepository, "use_otp_step", overtaken)

    answer = await app.verify_otp(user.username, app.code(user))

    assert answer.status_code == 401
    assert_oauth_error(await app.password_grant(client, user), "invalid_grant")


async def _change(operator: Services, user: TestUser, change: str) -> None:
    if change == "password":
        await reset_password(operator, user.username, "another battery staple")
    elif change == "otp":
        await reset_otp(operator, user.username)
    else:
        await set_user_disabled(operator, user.username, disabled=True)


async def _assert_yielded_nothing_that_lives(
    app: Application, client: TestClient, answer: httpx.Response
) -> None:
    if answer.status_code == 200:
        pair = answer.json()
        assert not await app.is_active(client, pair["access_token"])
        assert_oauth_error(await app.refresh(client, pair["refresh_token"]), "invalid_grant")
    else:
        assert_oauth_error(answer, "invalid_grant")
