"""A device without a browser, and what its person does on the pages meanwhile."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import Visitor

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
CLIENT = {"grant_types": [DEVICE_CODE, "refresh_token"], "scope": "openid profile email"}


@dataclass(frozen=True)
class Device:
    """Runs a client, and shows a code."""

    app: Application
    client: TestClient
    answer: dict[str, Any]

    @property
    def user_code(self) -> str:
        return str(self.answer["user_code"])

    async def ask(self, client: TestClient | None = None) -> httpx.Response:
        """Asks the token endpoint, as this client or another one."""
        asking = client or self.client
        form = {"grant_type": DEVICE_CODE, "device_code": self.answer["device_code"]}
        if asking.client_secret:
            return await self.app.token(asking, **form)
        return await self.app.token(None, client_id=asking.client_id, **form)


async def device_client(app: Application, **metadata: Any) -> TestClient:
    return await app.create_client(**{**CLIENT, **metadata})


async def start_device(app: Application, client: TestClient | None = None, **form: str) -> Device:
    client = client or await device_client(app)
    response = await authorize_device(app, client, **{"scope": "openid profile", **form})
    assert response.status_code == 200, response.text
    return Device(app, client, response.json())


async def authorize_device(app: Application, client: TestClient, **form: str) -> httpx.Response:
    path = "/device_authorization"
    if client.client_secret:
        return await app.http.post(path, data=form, auth=client.auth)
    return await app.http.post(path, data={"client_id": client.client_id, **form})


async def question(visitor: Visitor, device: Device, user: TestUser) -> httpx.Response:
    """The page that asks a person about a device, by way of signing in where that is due."""
    page = await visitor.follow(await visitor.get("/device", user_code=device.user_code))
    if 'action="/login"' in page.text:
        page = await visitor.sign_in(page, user)
    assert 'action="/device/decision"' in page.text, page.text
    return page


async def decide(
    visitor: Visitor, device: Device, user: TestUser, decision: str = "allow"
) -> httpx.Response:
    page = await question(visitor, device, user)
    return await visitor.submit(page, to="/device/decision", decision=decision)
