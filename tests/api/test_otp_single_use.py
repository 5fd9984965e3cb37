"""A code counts once, whoever presents it again, however fast (RFC 6238 section 5.2)."""

import asyncio
from collections import Counter

import pytest

from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.databases import Databases

pytestmark = pytest.mark.both_databases


async def test_a_used_code_is_refused(app: Application) -> None:
    """SECURITY_BAR row 16"""
    user = await app.register()
    code = app.code(user)

    first = await app.verify_otp(user.username, code)
    second = await app.verify_otp(user.username, code)

    assert (first.status_code, second.status_code) == (200, 401)
    assert second.json() == {"valid": False}


async def test_only_one_of_twenty_concurrent_uses_of_a_code_succeeds(app: Application) -> None:
    """SECURITY_BAR row 16"""
    user = await app.register()
    code = app.code(user)

    answers = await asyncio.gather(*(app.verify_otp(user.username, code) for _ in range(20)))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 19}


async def test_a_code_works_only_once_across_two_servers(
    databases: Databases, database_kind: str, start_app: AppFactory
) -> None:
    """SECURITY_BAR row 16: and across workers"""
    url = await databases.migrated(database_kind)
    first, second = await start_app(database_url=url), await start_app(database_url=url)
    user = await first.register()
    code = first.code(user)

    answers = await asyncio.gather(
        *(each.verify_otp(user.username, code) for each in (first, second) for _ in range(10))
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 19}


async def test_a_code_older_than_the_last_used_one_is_refused(app: Application) -> None:
    """SECURITY_BAR row 16"""
    user = await app.register()
    older, newer = app.code(user, steps=-1), app.code(user)

    assert (await app.verify_otp(user.username, newer)).status_code == 200
    assert (await app.verify_otp(user.username, older)).status_code == 401


async def test_the_next_code_is_accepted(app: Application) -> None:
    user = await app.enrolled_user()
    app.clock.advance(seconds=30)

    answer = await app.verify_otp(user.username, app.code(user))

    assert answer.json() == {"valid": True}


async def test_a_code_used_at_the_token_endpoint_is_refused_by_verify_otp(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 16: OTP_POLICY=every_login"""
    app = await start_app(otp_policy="every_login")
    client, user = await app.create_client(), await app.enrolled_user()
    app.clock.advance(seconds=30)
    code = app.code(user)

    signed_in = await app.password_grant(client, user, otp=code)
    again = await app.verify_otp(user.username, code)

    assert signed_in.status_code == 200
    assert again.status_code == 401
