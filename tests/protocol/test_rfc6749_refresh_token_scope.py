"""Scope at a refresh (RFC 6749 section 6): narrower for one access token, never wider."""

import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error


async def test_a_refresh_without_a_scope_preserves_the_scope(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 6749 section 6"""
    first = (await app.password_grant(client, user, scope="openid email")).json()

    second = (await app.refresh(client, first["refresh_token"])).json()

    assert second["scope"] == "openid email"
    introspected = await app.introspect(client, second["access_token"])
    assert introspected["scope"] == "openid email"


async def test_a_narrower_scope_applies_only_to_the_access_token_of_that_refresh(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9; RFC 6749 section 6: the refresh token keeps its scope"""
    first = (await app.password_grant(client, user, scope="profile email")).json()

    narrowed = (await app.refresh(client, first["refresh_token"], scope="email")).json()
    whole = (await app.refresh(client, narrowed["refresh_token"])).json()

    assert narrowed["scope"] == "email"
    assert (await app.introspect(client, narrowed["access_token"]))["scope"] == "email"
    assert whole["scope"] == "profile email"


@pytest.mark.parametrize(
    "scope", ["profile email", "email profile", "openid admin", "offline_access"]
)
async def test_a_wider_scope_is_refused_and_the_token_remains_usable(
    app: Application, client: TestClient, user: TestUser, scope: str
) -> None:
    """SECURITY_BAR row 6: also for what the client is registered for but was not granted"""
    first = (await app.password_grant(client, user, scope="email")).json()

    refused = await app.refresh(client, first["refresh_token"], scope=scope)
    afterwards = await app.refresh(client, first["refresh_token"])

    assert_oauth_error(refused, "invalid_scope")
    assert afterwards.status_code == 200
    assert afterwards.json()["scope"] == "email"


async def test_a_refresh_cannot_widen_a_scope_granted_by_default(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 6: `openid` has to be asked for at the sign-in"""
    first = (await app.password_grant(client, user)).json()

    refused = await app.refresh(client, first["refresh_token"], scope="openid profile email")

    assert_oauth_error(refused, "invalid_scope")


async def test_a_repeated_refresh_returns_the_scope_of_the_first_one(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9: inside the grace window everybody gets the same pair"""
    first = (await app.password_grant(client, user)).json()
    narrowed = (await app.refresh(client, first["refresh_token"], scope="email")).json()

    again = (await app.refresh(client, first["refresh_token"])).json()

    assert again == narrowed
