"""Refresh token grant (RFC 6749 section 6) with rotation (RFC 9700 section 4.14.2)."""

import asyncio

import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error

pytestmark = pytest.mark.both_databases


async def test_a_refresh_issues_a_new_pair(
    app: Application, client: TestClient, user: TestUser
) -> None:
    first = (await app.password_grant(client, user)).json()

    second = await app.refresh(client, first["refresh_token"])

    assert second.status_code == 200
    assert second.json()["access_token"] != first["access_token"]
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert second.json()["token_type"] == "Bearer"
    assert second.headers["cache-control"] == "no-store"


async def test_a_refresh_within_the_grace_window_returns_the_same_pair_again(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9: an answer that was lost on the way logs nobody out"""
    first = (await app.password_grant(client, user)).json()
    second = (await app.refresh(client, first["refresh_token"])).json()
    app.clock.advance(seconds=30)  # the last second of the window

    again = await app.refresh(client, first["refresh_token"])

    assert again.status_code == 200
    assert again.json() == {**second, "expires_in": second["expires_in"] - 30}
    assert await app.is_active(client, second["access_token"])


async def test_using_the_grace_window_does_not_extend_it(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9"""
    first = (await app.password_grant(client, user)).json()
    second = (await app.refresh(client, first["refresh_token"])).json()
    app.clock.advance(seconds=20)
    inside = await app.refresh(client, first["refresh_token"])
    app.clock.advance(seconds=20)

    replay = await app.refresh(client, first["refresh_token"])

    assert inside.status_code == 200
    assert_oauth_error(replay, "invalid_grant")
    assert not await app.is_active(client, second["access_token"])


async def test_reusing_a_refresh_token_after_the_grace_window_revokes_its_family(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9; RFC 9700 section 4.14.2"""
    first = (await app.password_grant(client, user)).json()
    second = (await app.refresh(client, first["refresh_token"])).json()
    app.clock.advance(seconds=31)  # past the grace window

    replay = await app.refresh(client, first["refresh_token"])

    assert_oauth_error(replay, "invalid_grant")
    assert not await app.is_active(client, second["access_token"])
    assert not await app.is_active(client, first["access_token"])
    assert_oauth_error(await app.refresh(client, second["refresh_token"]), "invalid_grant")


async def test_a_replay_with_an_invalid_scope_revokes_its_family_too(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9: what else is wrong with a replay does not hide it"""
    first = (await app.password_grant(client, user)).json()
    second = (await app.refresh(client, first["refresh_token"])).json()
    app.clock.advance(seconds=31)

    replay = await app.refresh(client, first["refresh_token"], scope="profile admin")

    assert replay.status_code == 400
    assert not await app.is_active(client, second["access_token"])


async def test_revoking_one_family_does_not_affect_other_sign_ins(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 9700 section 4.14.2"""
    first = (await app.password_grant(client, user)).json()
    elsewhere = (await app.password_grant(client, user)).json()
    await app.refresh(client, first["refresh_token"])
    app.clock.advance(seconds=31)

    await app.refresh(client, first["refresh_token"])

    assert await app.is_active(client, elsewhere["access_token"])
    assert (await app.refresh(client, elsewhere["refresh_token"])).status_code == 200


async def test_thirty_concurrent_refreshes_return_the_same_pair(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9"""
    first = (await app.password_grant(client, user)).json()

    answers = await asyncio.gather(
        *(app.refresh(client, first["refresh_token"]) for _ in range(30))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["access_token"] for answer in answers}) == 1
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    pair = answers[0].json()
    assert await app.is_active(client, pair["access_token"])
    assert (await app.refresh(client, pair["refresh_token"])).status_code == 200


async def test_using_the_successor_ends_the_grace_window_without_revoking_the_family(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9"""
    first = (await app.password_grant(client, user)).json()
    second = (await app.refresh(client, first["refresh_token"])).json()
    third = (await app.refresh(client, second["refresh_token"])).json()

    replay = await app.refresh(client, first["refresh_token"])

    assert_oauth_error(replay, "invalid_grant")
    assert await app.is_active(client, third["access_token"])
    assert (await app.refresh(client, third["refresh_token"])).status_code == 200
