"""Strangers who guess at one account from many networks."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from tests.support.application import Application, TestClient, TestUser
from tests.support.callers import calling_from

WRONG, NO_CODE = "not the password of anybody", "000000"
FREE = 100
ONE_DAY = 86_400
WIDE: dict[str, Any] = {"login_limit": 1000, "login_limit_address": 10_000, "code_limit": 1000}
"""Limits that leave nothing but the shared back-off to refuse anybody."""


async def guess_passwords(
    app: Application, client: TestClient, user: TestUser, times: int = FREE
) -> list[int]:
    """Wrong passwords, twenty from each network; gives the statuses of the answers."""

    async def guess(stranger: Application) -> httpx.Response:
        return await stranger.password_grant(client, user, password=WRONG)

    return await _guess(app, guess, times)


async def guess_codes(app: Application, user: TestUser, times: int = FREE) -> list[int]:
    return await _guess(app, lambda stranger: stranger.verify_otp(user.username, NO_CODE), times)


async def _guess(
    app: Application, guess: Callable[[Application], Awaitable[httpx.Response]], times: int
) -> list[int]:
    statuses: list[int] = []
    while len(statuses) < times:
        async with calling_from(app, app.new_address()) as stranger:
            number = min(20, times - len(statuses))
            statuses += [(await guess(stranger)).status_code for _ in range(number)]
    return statuses


async def sign_in_from(
    app: Application, client: TestClient, user: TestUser, address: str
) -> httpx.Response:
    async with calling_from(app, address) as caller:
        return await caller.password_grant(client, user)
