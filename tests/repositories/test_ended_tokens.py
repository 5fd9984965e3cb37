"""What is kept of refresh tokens that were used, and what goes with a family that has ended."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text

from app.repositories.oauth.ended_tokens import EndedTokenRepository
from app.wiring import Services
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.parts import count, services_of

DAY = 86_400
HOUR = 3_600
ACCESS_LIFETIME = HOUR
TABLES = ("token_families", "refresh_tokens", "used_refresh_tokens", "used_codes", "access_tokens")


@pytest_asyncio.fixture
async def own_app(start_app: AppFactory) -> AsyncIterator[Application]:
    """An application whose clock and rows are this test's alone."""
    yield await start_app()


async def sign_in(app: Application) -> tuple[TestClient, TestUser, dict[str, str]]:
    client, user = await app.create_client(), await app.enrolled_user()
    return client, user, (await app.password_grant(client, user)).json()


async def rows(services: Services, table: str) -> int:
    return await count(services.core.database, table)


async def assert_nothing_is_left(services: Services) -> None:
    assert {table: await rows(services, table) for table in TABLES} == dict.fromkeys(TABLES, 0)


async def test_only_the_digest_and_family_of_a_used_refresh_token_remain_stored(
    own_app: Application,
) -> None:
    """SECURITY_BAR row 9: the sealed answer is kept for the grace window"""
    services = services_of(own_app)
    client, _, pair = await sign_in(own_app)
    for _ in range(3):
        pair = (await own_app.refresh(client, pair["refresh_token"])).json()
        own_app.clock.advance(seconds=HOUR)

    await services.operations.housekeeping.run_once()

    assert await rows(services, "refresh_tokens") == 1
    assert await rows(services, "refresh_tokens WHERE successor_sealed IS NOT NULL") == 0
    assert await rows(services, "used_refresh_tokens") == 3
    (kept,) = await services.core.database.fetch_all(
        text("SELECT * FROM used_refresh_tokens LIMIT 1")
    )
    assert set(kept._fields) == {"digest", "family_id"}


async def test_housekeeping_within_the_grace_window_preserves_the_sealed_response(
    own_app: Application,
) -> None:
    """SECURITY_BAR row 9"""
    client, _, first = await sign_in(own_app)
    second = (await own_app.refresh(client, first["refresh_token"])).json()
    own_app.clock.advance(seconds=30)

    await services_of(own_app).operations.housekeeping.run_once()
    again = await own_app.refresh(client, first["refresh_token"])

    assert again.json()["refresh_token"] == second["refresh_token"]


@pytest.mark.slow
async def test_a_replay_on_day_89_still_revokes_the_family(own_app: Application) -> None:
    """SECURITY_BAR row 9; RFC 9700 section 4.14.2: at any time of the family's life"""
    client, _, first = await sign_in(own_app)
    services, newest = services_of(own_app), first
    for _ in range(89):
        own_app.clock.advance(seconds=DAY - 1)
        newest = (await own_app.refresh(client, newest["refresh_token"])).json()
        await services.operations.housekeeping.run_once()
    assert await rows(services, "refresh_tokens") == 2  # the newest, and its predecessor

    replay = await own_app.refresh(client, first["refresh_token"])

    assert_oauth_error(replay, "invalid_grant")
    assert not await own_app.is_active(client, newest["access_token"])
    assert_oauth_error(await own_app.refresh(client, newest["refresh_token"]), "invalid_grant")


async def test_replaying_an_old_token_as_another_client_revokes_nothing(
    own_app: Application,
) -> None:
    """SECURITY_BAR row 9"""
    client, _, first = await sign_in(own_app)
    stranger = await own_app.create_client()
    second = (await own_app.refresh(client, first["refresh_token"])).json()
    own_app.clock.advance(seconds=HOUR - 1)
    await services_of(own_app).operations.housekeeping.run_once()

    replay = await own_app.refresh(stranger, first["refresh_token"])

    assert_oauth_error(replay, "invalid_grant")
    assert await own_app.is_active(client, second["access_token"])
    assert (await own_app.refresh(client, second["refresh_token"])).status_code == 200


async def test_a_token_used_long_ago_is_inactive_and_can_still_be_revoked(
    own_app: Application,
) -> None:
    """RFC 7009 section 2.1; RFC 7662 section 2.2"""
    client, _, first = await sign_in(own_app)
    second = (await own_app.refresh(client, first["refresh_token"])).json()
    own_app.clock.advance(seconds=HOUR - 1)
    await services_of(own_app).operations.housekeeping.run_once()
    assert not await own_app.is_active(client, first["refresh_token"])

    await own_app.revoke(client, first["refresh_token"])

    assert not await own_app.is_active(client, second["access_token"])
    assert_oauth_error(await own_app.refresh(client, second["refresh_token"]), "invalid_grant")


async def test_a_revoked_family_is_deleted_within_an_hour(own_app: Application) -> None:
    services = services_of(own_app)
    client, _, first = await sign_in(own_app)
    second = (await own_app.refresh(client, first["refresh_token"])).json()
    await own_app.revoke(client, second["refresh_token"])
    own_app.clock.advance(seconds=HOUR - 60)

    await services.operations.housekeeping.run_once()

    assert await rows(services, "token_families") == 0
    assert await rows(services, "refresh_tokens") == 0
    assert_oauth_error(await own_app.refresh(client, second["refresh_token"]), "invalid_grant")
    assert not await own_app.is_active(client, second["access_token"])


async def test_a_revoked_access_token_is_deleted_within_an_hour(start_app: AppFactory) -> None:
    app = await start_app(access_token_ttl=10 * DAY)
    client = await app.create_client()
    revoked, living = [
        (await app.client_credentials(client)).json()["access_token"] for _ in range(2)
    ]
    await app.revoke(client, revoked)
    app.clock.advance(seconds=HOUR)

    await services_of(app).operations.housekeeping.run_once()

    assert await rows(services_of(app), "access_tokens") == 1
    assert await app.is_active(client, living)


async def test_a_family_is_deleted_within_an_hour_of_its_idle_lifetime(
    own_app: Application,
) -> None:
    """SECURITY_BAR values: 30 days idle"""
    services = services_of(own_app)
    client, _, first = await sign_in(own_app)
    await own_app.refresh(client, first["refresh_token"])
    own_app.clock.advance(seconds=HOUR)
    await services.operations.housekeeping.run_once()
    own_app.clock.advance(seconds=30 * DAY)

    await services.operations.housekeeping.run_once()

    await assert_nothing_is_left(services)


async def test_an_access_token_outlives_the_idle_lifetime_of_its_refresh_token(
    start_app: AppFactory,
) -> None:
    app = await start_app(refresh_token_ttl=HOUR, access_token_ttl=10 * DAY)
    client, _, pair = await sign_in(app)
    app.clock.advance(seconds=9 * DAY)

    await services_of(app).operations.housekeeping.run_once()

    assert_oauth_error(await app.refresh(client, pair["refresh_token"]), "invalid_grant")
    assert await app.is_active(client, pair["access_token"])
    app.clock.advance(seconds=2 * DAY)
    await services_of(app).operations.housekeeping.run_once()
    await assert_nothing_is_left(services_of(app))


async def test_a_family_without_a_refresh_token_is_deleted_with_its_access_token(
    own_app: Application,
) -> None:
    services = services_of(own_app)
    client = await own_app.create_client(grant_types=["password"])
    answer = await own_app.password_grant(client, await own_app.enrolled_user())
    assert "refresh_token" not in answer.json()
    assert answer.json()["expires_in"] == ACCESS_LIFETIME
    own_app.clock.advance(seconds=2 * ACCESS_LIFETIME)

    await services.operations.housekeeping.run_once()

    await assert_nothing_is_left(services)


async def test_a_family_with_more_tokens_than_a_batch_is_deleted_completely(
    own_app: Application,
) -> None:
    services = services_of(own_app)
    client, _, pair = await sign_in(own_app)
    for _ in range(7):
        pair = (await own_app.refresh(client, pair["refresh_token"])).json()
    await own_app.revoke(client, pair["refresh_token"])
    own_app.clock.advance(seconds=HOUR)
    ended = EndedTokenRepository(services.core.database, access_lifetime=timedelta(hours=1))
    left = []

    for delete in ended.deletions():
        while await delete(before=own_app.clock.now(), limit=2) == 2:
            left.append([await rows(services, table) for table in TABLES[1:3]])

    assert left == [[6, 2], [4, 4], [2, 6], [0, 5], [0, 3], [0, 1]]
    assert await rows(services, "token_families") == 0
