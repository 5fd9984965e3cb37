"""Users with claims, and the claims that a client receives."""

from typing import Any

import httpx
from sqlalchemy import update

from app.models.accounts.users import users
from app.security.usernames import key_of
from tests.support.application import (
    PASSWORD,
    Application,
    TestClient,
    TestUser,
    otp_secret_in,
)
from tests.support.parts import open_database

CLAIMS: dict[str, Any] = {
    "name": "Zoë Example",
    "given_name": "Zoë",
    "family_name": "Example",
    "middle_name": "M.",
    "nickname": "zo",
    "profile": "https://example.com/zoe",
    "picture": "https://example.com/zoe.png",
    "website": "https://zoe.example",
    "gender": "female",
    "birthdate": "1990-02-28",
    "zoneinfo": "Europe/Vienna",
    "locale": "de-AT",
    "email": "zoe@example.com",
    "phone_number": "+43 1 234567",
    "address": {"street_address": "1 Some Street\nDoor 2", "country": "Austria"},
}
"""All claims that users may provide; `preferred_username` is always the username."""
ALL_SCOPES = "openid profile email address phone offline_access"


async def person_with(app: Application, **claims: Any) -> TestUser:
    """Register a user who can sign in and has these claims."""
    username = app.new_name()
    response = await app.http.post(
        "/register_user", json={"username": username, "password": PASSWORD, **claims}
    )
    assert response.status_code == 201, response.text
    user = TestUser(username, PASSWORD, otp_secret_in(response.json()["otp_uri"]))
    await app.verify_otp(user.username, app.code(user))
    return user


async def access_token(app: Application, client: TestClient, user: TestUser, scope: str) -> str:
    response = await app.password_grant(client, user, scope=scope)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


async def userinfo(app: Application, token: str) -> httpx.Response:
    return await app.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})


async def told(app: Application, token: str) -> dict[str, Any]:
    """Return the claims that the userinfo endpoint returns for a token."""
    response = await userinfo(app, token)
    assert response.status_code == 200, response.text
    claims: dict[str, Any] = response.json()
    return claims


async def rename(app: Application, user: TestUser, name: str) -> None:
    """Give an account a username that was allowed before the current rules."""
    async with open_database(app.settings.database_url) as database:
        await database.change(
            update(users)
            .where(users.c.username == user.username)
            .values(username=name, username_key=key_of(name))
            .returning(users.c.user_id)
        )
