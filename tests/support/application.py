"""The real application under test, with HTTP helpers for common requests."""

import re
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pyotp

from app.main import create_app
from app.oauth.grants import GRANTS, Grants
from app.pages.account.pages import AccountPage
from app.pages.account.registry import ACCOUNT_PAGES
from app.pages.admin.pages import ConsolePage
from app.pages.admin.registry import CONSOLE_PAGES
from app.settings import Settings
from tests.support.background import run_one_pass_at_a_time
from tests.support.clock import FakeClock
from tests.support.machine import database_timeouts, scaled

PASSWORD = "correct horse battery staple"
CHEAP_ARGON2 = {"argon2_memory_kib": 64, "argon2_time_cost": 1}
NOT_DURABLE = {"sqlite_synchronous": "NORMAL"}
"""Commits do not wait for the disk, as on the PostgreSQL of the tests: a disk that is busy for
seconds would make them fail."""
NO_LIMITS = {
    "login_limit": 100_000,
    "login_limit_address": 100_000,
    "code_limit": 100_000,
    "token_error_limit": 100_000,
}
"""For tests that send more invalid requests per minute than any user would."""
SECRET_KEY = "a-key-of-the-tests-Vr3kq9ZtW8yLm2Xb5Nc7"


@dataclass(frozen=True)
class TestClient:
    """A registered client; httpx sends `auth` as Basic credentials."""

    __test__ = False

    client_id: str
    client_secret: str

    @property
    def auth(self) -> tuple[str, str]:
        return (self.client_id, self.client_secret)


@dataclass(frozen=True)
class TestUser:
    __test__ = False

    username: str
    password: str
    otp_secret: str


class Application:
    """The application on one database, with its clock. All names it creates are unique."""

    def __init__(self, http: httpx.AsyncClient, settings: Settings, clock: FakeClock) -> None:
        self.http = http
        self.settings = settings
        self.clock = clock

    def new_name(self, prefix: str = "user") -> str:
        return f"{prefix}-{secrets.token_hex(4)}"

    def new_address(self) -> str:
        """Return a random IP address of the test network, not used by other callers."""
        return f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"

    async def register(self, username: str | None = None, password: str = PASSWORD) -> TestUser:
        """Register a user without confirming the enrolment."""
        username = username or self.new_name()
        response = await self.http.post(
            "/register_user", json={"username": username, "password": password}
        )
        assert response.status_code == 201, response.text
        return TestUser(username, password, otp_secret_in(response.json()["otp_uri"]))

    async def enrolled_user(self, username: str | None = None) -> TestUser:
        """Register a user who can sign in."""
        user = await self.register(username)
        response = await self.verify_otp(user.username, self.code(user))
        assert response.status_code == 200, response.text
        return user

    def code(self, user: TestUser, *, steps: int = 0) -> str:
        """Return the code of the authenticator app now, or some steps of 30 seconds away."""
        return pyotp.TOTP(user.otp_secret).at(self.clock.now(), counter_offset=steps)

    async def verify_otp(self, username: str, code: Any) -> httpx.Response:
        return await self.http.post("/verify_otp", json={"username": username, "code": code})

    async def create_client(self, **metadata: Any) -> TestClient:
        body = {
            "client_name": self.new_name("client"),
            "redirect_uri": "http://localhost:3000/callback",
            **metadata,
        }
        response = await self.http.post("/create_client", json=body)
        assert response.status_code == 201, response.text
        return TestClient(response.json()["client_id"], response.json().get("client_secret", ""))

    async def token(self, client: TestClient | None, **form: str) -> httpx.Response:
        """POST /token with the client's Basic credentials, or with none if it is None."""
        if client is None:
            return await self.http.post("/token", data=form)
        return await self.http.post("/token", data=form, auth=client.auth)

    async def client_credentials(self, client: TestClient, **form: str) -> httpx.Response:
        return await self.token(client, grant_type="client_credentials", **form)

    async def password_grant(
        self, client: TestClient, user: TestUser, **form: str
    ) -> httpx.Response:
        return await self.token(
            client,
            **{
                "grant_type": "password",
                "username": user.username,
                "password": user.password,
                **form,
            },
        )

    async def refresh(self, client: TestClient, refresh_token: str, **form: str) -> httpx.Response:
        """Refresh with the client's secret, or by its id alone if it is public."""
        values = {"grant_type": "refresh_token", "refresh_token": refresh_token, **form}
        if client.client_secret:
            return await self.token(client, **values)
        return await self.token(None, client_id=client.client_id, **values)

    async def introspect(self, client: TestClient, token: str, **form: str) -> dict[str, Any]:
        response = await self.http.post(
            "/introspect", data={"token": token, **form}, auth=client.auth
        )
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def is_active(self, client: TestClient, token: str) -> bool:
        return bool((await self.introspect(client, token))["active"])

    async def revoke(self, client: TestClient, token: str) -> httpx.Response:
        return await self.http.post("/revoke", data={"token": token}, auth=client.auth)

    async def profile(self, token: str) -> httpx.Response:
        return await self.http.get("/profile", headers={"Authorization": f"Bearer {token}"})


@asynccontextmanager
async def running_application(
    database_url: str,
    *,
    grants: Grants = GRANTS,
    account_pages: Sequence[AccountPage] = ACCOUNT_PAGES,
    console_pages: Sequence[ConsolePage] = CONSOLE_PAGES,
    clock: FakeClock | None = None,
    **settings: Any,
) -> AsyncIterator[Application]:
    """Start the application on a database, and stop it as a server would."""
    clock = clock or FakeClock()
    application_settings = Settings(
        **{
            "database_url": database_url,
            "app_env": "development",
            "secret_key": SECRET_KEY,
            "log_level": "WARNING",
            "access_log": False,
            "housekeeping_interval": 3600,
            **CHEAP_ARGON2,
            **NOT_DURABLE,
            **database_timeouts(),
            **settings,
        }
    )
    application = create_app(
        application_settings,
        clock=clock,
        grants=grants,
        account_pages=account_pages,
        console_pages=console_pages,
    )
    inner: Any = application._application
    run_one_pass_at_a_time(inner.state.services)
    async with running_lifespan(application):
        transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://postern.test", timeout=scaled(30)
        ) as http:
            yield Application(http, application_settings, clock)


@asynccontextmanager
async def running_lifespan(application: Any) -> AsyncIterator[None]:
    """Run the application's ASGI lifespan."""
    import asyncio

    to_application: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    from_application: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    task = asyncio.create_task(
        application({"type": "lifespan", "state": {}}, to_application.get, from_application.put)
    )
    await to_application.put({"type": "lifespan.startup"})
    message = await from_application.get()
    assert message["type"] == "lifespan.startup.complete", message
    try:
        yield
    finally:
        await to_application.put({"type": "lifespan.shutdown"})
        await from_application.get()
        await task


def otp_secret_in(otp_uri: str) -> str:
    match = re.search(r"[?&]secret=([A-Z2-7]+)", otp_uri)
    assert match is not None, otp_uri
    return match.group(1)
