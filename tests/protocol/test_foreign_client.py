"""A client that is not ours: Authlib's, which reads our answers as the standards say."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from tests.support.application import Application, TestClient, TestUser

BASE = "http://postern.test"
TOKEN = f"{BASE}/token"

METHODS = ["client_secret_basic", "client_secret_post"]


@asynccontextmanager
async def _foreign(
    app: Application, client: TestClient, method: str = "client_secret_basic", **options: Any
) -> AsyncIterator[AsyncOAuth2Client]:
    transport = httpx2.ASGITransport(app=app.http._transport.app)
    async with AsyncOAuth2Client(
        client.client_id,
        client.client_secret,
        token_endpoint_auth_method=method,
        token_endpoint=TOKEN,
        transport=transport,
        **options,
    ) as session:
        yield session


@pytest.mark.parametrize("method", METHODS)
async def test_authlib_gets_a_client_token_and_uses_it(
    app: Application, client: TestClient, method: str
) -> None:
    """RFC 6749 section 4.4"""
    async with _foreign(app, client, method, scope="profile") as session:
        token = await session.fetch_token(TOKEN, grant_type="client_credentials")
        profile = await session.get(f"{BASE}/profile")

    assert token["scope"] == "profile"
    assert profile.json()["client_id"] == client.client_id


@pytest.mark.parametrize("method", METHODS)
async def test_authlib_gets_a_user_token_refreshes_it_and_uses_the_new_one(
    app: Application, client: TestClient, user: TestUser, method: str
) -> None:
    """RFC 6749 sections 4.3 and 6"""
    async with _foreign(app, client, method) as session:
        first = await session.fetch_token(TOKEN, username=user.username, password=user.password)
        second = await session.refresh_token(TOKEN)
        profile = await session.get(f"{BASE}/profile")

    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert profile.json()["username"] == user.username


async def test_authlib_refreshes_an_expired_token_automatically(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 6749 section 6: `expires_in` and `refresh_token` are all that it goes by"""
    updates: list[dict[str, Any]] = []

    async def update_token(token: dict[str, Any], **_: Any) -> None:
        updates.append(token)

    async with _foreign(app, client, update_token=update_token) as session:
        await session.fetch_token(TOKEN, username=user.username, password=user.password)
        session.token["expires_at"] = 1
        profile = await session.get(f"{BASE}/profile")

    assert profile.status_code == 200
    assert len(updates) == 1


@pytest.mark.parametrize("method", METHODS)
async def test_authlib_introspects_and_revokes_a_token(
    app: Application, client: TestClient, method: str
) -> None:
    """RFC 7662 and RFC 7009"""
    async with _foreign(app, client, method, revocation_endpoint_auth_method=method) as session:
        token = await session.fetch_token(TOKEN, grant_type="client_credentials")
        access_token = token["access_token"]
        before = await session.introspect_token(f"{BASE}/introspect", token=access_token)
        revoked = await session.revoke_token(f"{BASE}/revoke", token=access_token)
        after = await session.introspect_token(f"{BASE}/introspect", token=access_token)

    assert before.json()["active"] is True
    assert revoked.status_code == 200
    assert after.json() == {"active": False}


REFUSED: list[tuple[Callable[[TestClient], TestClient], dict[str, str], str]] = [
    (lambda client: TestClient(client.client_id, "wrong"), {}, "invalid_client"),
    (lambda client: client, {"scope": "more"}, "invalid_scope"),
    (lambda client: client, {"grant_type": "magic"}, "unsupported_grant_type"),
]


@pytest.mark.parametrize(("changed", "form", "error"), REFUSED, ids=[each[2] for each in REFUSED])
async def test_authlib_parses_the_oauth_errors(
    app: Application,
    client: TestClient,
    changed: Callable[[TestClient], TestClient],
    form: dict[str, str],
    error: str,
) -> None:
    """RFC 6749 section 5.2"""
    async with _foreign(app, changed(client)) as session:
        with pytest.raises(OAuthError) as refusal:
            await session.fetch_token(TOKEN, **{"grant_type": "client_credentials", **form})

    assert refusal.value.error == error
    assert refusal.value.description
