"""A request that is refused for its number leaves nothing behind in the database."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from app.models.oauth.device_codes import device_codes
from app.models.operations.limit_counters import limit_counters
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient
from tests.support.parts import services_of

pytestmark = pytest.mark.both_databases

LIMITS = {"token_error_limit": 5, "authorization_request_limit": 5}
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


async def stored(app: Application) -> Sequence[Any]:
    database = services_of(app).core.database
    rows = await database.fetch_all(select(limit_counters).order_by(limit_counters.c.key))
    devices = await database.fetch_one(select(func.count()).select_from(device_codes))
    return [*rows, devices]


async def wrong_secret(app: Application, _: TestClient) -> httpx.Response:
    return await app.client_credentials(TestClient("nobody's client", "not the secret"))


async def wrong_code(app: Application, public: TestClient) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": "a wrong one", "code_verifier": "v" * 43}
    return await app.http.post("/token", data={**form, "client_id": public.client_id})


async def device(app: Application, public: TestClient) -> httpx.Response:
    form = {"client_id": public.client_id}
    return await app.http.post("/device_authorization", data=form)


@pytest.mark.parametrize("send", [wrong_secret, wrong_code, device])
@pytest.mark.slow
async def test_a_rate_limited_request_stores_nothing(start_app: AppFactory, send: Any) -> None:
    """SECURITY_BAR rows 23 and 50: also of a client that proves nothing, by its network"""
    app = await start_app(**LIMITS)
    public = await app.create_client(
        token_endpoint_auth_method="none", grant_types=["authorization_code", DEVICE_CODE]
    )
    first = [(await send(app, public)).status_code for _ in range(5)]
    before = await stored(app)

    answers = [(await send(app, public)).status_code for _ in range(10)]

    assert 429 not in first
    assert set(answers) == {429}
    assert await stored(app) == before
