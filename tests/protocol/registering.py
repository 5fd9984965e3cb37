"""How a client registers itself, and manages what it registered."""

from typing import Any

import httpx

from tests.support.application import Application, TestClient
from tests.support.visitor import REDIRECT_URI

PRODUCTION = {
    "app_env": "production",
    "issuer": "https://login.example.com",
    "admin_token": "an-operators-own-word-Tg5Wq8Zr1-Hd7",
}
WEB = "https://app.example.com/callback"
PUBLIC_KEY = {"kty": "EC", "crv": "P-256", "x": "MKBC", "y": "4Etl", "kid": "one", "use": "sig"}


async def register(app: Application, *, token: str | None = None, **body: Any) -> httpx.Response:
    """A member of None is left out."""
    given = {"redirect_uris": [REDIRECT_URI], **body}
    said = {name: value for name, value in given.items() if value is not None}
    headers = bearer(token) if token is not None else {}
    return await app.http.post("/register", json=said, headers=headers)


async def registered(app: Application, **body: Any) -> dict[str, Any]:
    answer = await register(app, **body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def manage(
    app: Application, method: str, made: dict[str, Any], body: Any = None
) -> httpx.Response:
    """A request to what it registered, by the token that it got for it."""
    headers = bearer(made["registration_access_token"])
    return await app.http.request(method, path_of(made), headers=headers, json=body)


def body_of(made: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """What a client sends to stay as it is; a member of None is left out."""
    body = {"client_id": made["client_id"], "redirect_uris": [REDIRECT_URI], **changed}
    return {name: value for name, value in body.items() if value is not None}


def path_of(made: dict[str, Any]) -> str:
    return f"/register/{made['client_id']}"


def client_of(made: dict[str, Any]) -> TestClient:
    return TestClient(made["client_id"], made.get("client_secret", ""))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
