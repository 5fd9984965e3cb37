"""What production closes that development leaves open (CONTRACT.md, SECURITY_BAR)."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.support.application import (
    PASSWORD,
    Application,
    TestClient,
    TestUser,
    otp_secret_in,
    running_application,
)
from tests.support.assertions import assert_problem
from tests.support.databases import Databases

ADMIN_TOKEN = "an-administrators-Token-8c1f-Kd92hLs0"
PRODUCTION = {
    "app_env": "production",
    "issuer": "https://login.example.com",
    "admin_token": ADMIN_TOKEN,
}
ADMIN = {"authorization": f"Bearer {ADMIN_TOKEN}"}
CLIENT = {"client_name": "UserApp", "redirect_uri": "http://localhost:3000/callback"}
HSTS = "max-age=31536000; includeSubDomains"


@pytest_asyncio.fixture(scope="module")
async def production(databases: Databases, database_kind: str) -> AsyncIterator[Application]:
    url = await databases.migrated(database_kind)
    async with running_application(url, **PRODUCTION) as made:
        yield made


async def register(app: Application, name: str | None = None, **headers: Any) -> httpx.Response:
    body = {"username": name or app.new_name(), "password": PASSWORD}
    return await app.http.post("/register_user", json=body, headers=headers)


async def create(app: Application, name: str | None = None, **headers: Any) -> httpx.Response:
    body = {**CLIENT, "client_name": name or app.new_name()}
    return await app.http.post("/create_client", json=body, headers=headers)


async def admins_client(app: Application) -> TestClient:
    body = (await create(app, **ADMIN)).json()
    return TestClient(body["client_id"], body["client_secret"])


async def test_the_quick_start_works_with_an_additional_admin_token_header(
    production: Application,
) -> None:
    """SECURITY_BAR: the same commands work in both"""
    name = production.new_name()
    registered = await register(production, name, **ADMIN)
    user = TestUser(name, PASSWORD, otp_secret_in(registered.json()["otp_uri"]))
    client = await admins_client(production)

    verified = await production.verify_otp(name, production.code(user))
    signed_in = await production.password_grant(client, user)
    profile = await production.profile(signed_in.json()["access_token"])

    assert verified.json() == {"valid": True}
    assert profile.json() == {"type": "user", "username": name, "otp_verified": True}


@pytest.mark.parametrize(
    "authorization",
    [
        None, "", "Bearer", "Bearer ", "Bearer wrong", f"Bearer {ADMIN_TOKEN}x",
        f"Bearer {ADMIN_TOKEN[:-1]}", f"Bearer {ADMIN_TOKEN.lower()}", f"Basic {ADMIN_TOKEN}",
        ADMIN_TOKEN, "Bearer \xe9\xff",
    ],
)  # fmt: skip
async def test_nothing_is_created_without_the_admin_token(
    production: Application, authorization: str | None
) -> None:
    """SECURITY_BAR row 41"""
    name = production.new_name()
    headers = {} if authorization is None else {"authorization": authorization.encode("latin-1")}

    registered = await register(production, name, **headers)
    created = await create(production, name, **headers)

    for answer in (registered, created):
        assert_problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await register(production, name, **ADMIN)).status_code == 201
    assert (await create(production, name, **ADMIN)).status_code == 201


async def test_every_token_is_refused_where_no_admin_token_is_set(start_app: AppFactory) -> None:
    """SECURITY_BAR row 41"""
    app = await start_app(**{**PRODUCTION, "admin_token": None})

    for authorization in ("Bearer None", "Bearer ", "Bearer null", "Bearer"):
        assert (await create(app, authorization=authorization)).status_code == 401
        assert (await register(app, authorization=authorization)).status_code == 401


async def test_an_access_token_is_not_accepted_as_the_admin_token(production: Application) -> None:
    """SECURITY_BAR row 36"""
    client = await admins_client(production)
    token = (await production.client_credentials(client)).json()["access_token"]

    assert (await create(production, authorization=f"Bearer {token}")).status_code == 401


async def test_closed_registration_does_not_reveal_whether_a_username_exists(
    production: Application,
) -> None:
    """SECURITY_BAR rows 19 and 41"""
    name = production.new_name()
    await register(production, name, **ADMIN)

    existing = await register(production, name)
    unknown = await register(production)

    assert existing.status_code == unknown.status_code == 401
    assert existing.content == unknown.content


@pytest.mark.parametrize(
    ("settings", "registration", "creation"),
    [
        ({**PRODUCTION}, 401, 401),
        ({**PRODUCTION, "registration": "open"}, 201, 401),
        ({**PRODUCTION, "registration": "closed"}, 401, 401),
        ({"admin_token": ADMIN_TOKEN}, 201, 201),
        ({"admin_token": ADMIN_TOKEN, "registration": "closed"}, 401, 201),
    ],
    ids=["production", "production, open", "production, closed", "development", "closed"],
)
async def test_the_registration_setting_controls_open_registration(
    start_app: AppFactory, settings: dict[str, Any], registration: int, creation: int
) -> None:
    """CONTRACT: REGISTRATION; closed in production unless set"""
    app = await start_app(**settings)

    assert (await register(app)).status_code == registration
    assert (await create(app)).status_code == creation
    assert (await register(app, **ADMIN)).status_code == 201
    assert (await create(app, **ADMIN)).status_code == 201


@pytest.mark.parametrize("password", ["password123", "Password123", "qwertyuiop", "12345678"])
async def test_a_common_password_is_refused(production: Application, password: str) -> None:
    """SECURITY_BAR row 25; CONTRACT: in production the blocklist refuses them"""
    name = production.new_name()

    refused = await production.http.post(
        "/register_user", json={"username": name, "password": password}, headers=ADMIN
    )
    better = await register(production, name, **ADMIN)

    assert_problem(refused, 422, "common_password")
    assert better.status_code == 201
    assert "warning" not in better.json()


async def test_every_production_response_has_an_hsts_header(
    production: Application, app: Application
) -> None:
    """SECURITY_BAR, the table of values: HSTS for one year, in production only"""
    for path in ("/", "/docs", "/token", "/profile", "/nothing", "/health/live", "/assets/docs.js"):
        pinned, not_pinned = await production.http.get(path), await app.http.get(path)

        assert pinned.headers["strict-transport-security"] == HSTS, path
        assert "strict-transport-security" not in not_pinned.headers, path


async def test_the_issuer_is_the_configured_one_whatever_the_host_header(
    production: Application,
) -> None:
    """SECURITY_BAR row 33"""
    answer = await production.http.get(
        "/.well-known/oauth-authorization-server",
        headers={"host": "evil.example", "x-forwarded-host": "evil.example"},
    )

    assert answer.json()["issuer"] == "https://login.example.com"
    assert "evil" not in answer.text
