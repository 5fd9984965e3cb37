"""Whatever happens, no log line holds a token, a secret, a password or a code."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text

from app.wiring import build_services
from tests.support.application import Application, TestClient, TestUser, running_application
from tests.support.databases import Databases

PASSWORD = "Blue-Giraffe-77-Umbrella"
WRONG_PASSWORD = "Grey-Elephant-91-Parasol"


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    """The applications of this file write to a captured stream that is closed after the test."""
    loggers = [logging.getLogger(name) for name in ("postern", "uvicorn")]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, handlers, level, propagate in before:
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


@dataclass
class Story:
    """Secrets that were sent and received while things went well and badly."""

    app: Application
    secrets: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)

    def keep(self, *secrets: str) -> None:
        self.secrets.extend(secrets)

    async def tell(self) -> None:
        user, client = await self._people_and_clients()
        await self._tokens(user, client)
        await self._mistakes(user, client)
        await self._registrations()

    async def _people_and_clients(self) -> tuple[TestUser, TestClient]:
        app = self.app
        user = await app.register(password=PASSWORD)
        again = await app.http.post(
            "/enroll_otp", json={"username": user.username, "password": PASSWORD}
        )
        secret = re.findall(r"secret=([A-Z2-7]+)", again.json()["otp_uri"])[0]
        self.keep(PASSWORD, user.otp_secret, secret, again.json()["qr_code"])
        user = TestUser(user.username, PASSWORD, secret)
        wrong, right = app.code(user, steps=5), app.code(user)
        self.codes += [wrong, right]
        await app.verify_otp(user.username, wrong)
        await app.verify_otp(user.username, right)
        await app.verify_otp(user.username, right)
        client = await app.create_client()
        self.keep(client.client_secret)
        return user, client

    async def _tokens(self, user: TestUser, client: TestClient) -> None:
        app = self.app
        machine = (await app.client_credentials(client)).json()["access_token"]
        first = (await app.password_grant(client, user)).json()
        second = (await app.refresh(client, first["refresh_token"])).json()
        self.keep(machine)
        for pair in (first, second):
            self.keep(pair["access_token"], pair["refresh_token"])
        await app.profile(first["access_token"])
        await app.introspect(client, machine)
        await app.revoke(client, machine)
        app.clock.advance(seconds=31)
        await app.refresh(client, first["refresh_token"])  # a replay: the log warns of it
        await app.http.get("/profile", params={"access_token": second["access_token"]})
        await app.http.get(f"/profile/{second['access_token']}")
        await app.http.get("/nothing", params={"password": PASSWORD, "otp": self.codes[1]})
        await app.http.post("/token", params={"client_secret": client.client_secret})

    async def _mistakes(self, user: TestUser, client: TestClient) -> None:
        app = self.app
        self.keep(WRONG_PASSWORD, "made-up-client-secret", "postern_rt_made-up-token")
        await app.password_grant(client, user, password=WRONG_PASSWORD, otp=self.codes[0])
        await app.password_grant(client, user, username=WRONG_PASSWORD)
        await app.client_credentials(TestClient(client.client_id, "made-up-client-secret"))
        await app.refresh(client, "postern_rt_made-up-token")
        await app.http.post("/register_user", json={"username": [], "password": [WRONG_PASSWORD]})
        await app.http.post("/register_user", content=f'{{"password": "{WRONG_PASSWORD}"')
        await app.http.post("/verify_otp", json={"username": "x", "code": int(self.codes[0])})

    async def _registrations(self) -> None:
        """RFC 7591, RFC 7592"""
        app, body = self.app, {"redirect_uris": ["https://app.example.com/callback"]}
        made = (await app.http.post("/register", json=body)).json()
        secret, token = made["client_secret"], made["registration_access_token"]
        self.keep(secret, token, "postern_ia_made-up-token", "made-up-client-secret")
        headers = {"Authorization": f"Bearer {token}"}
        path = f"/register/{made['client_id']}"
        await app.http.get(path, headers=headers)
        await app.http.put(path, headers=headers, json={**made, "logo_uri": f"javascript:{token}"})
        await app.http.put(path, headers=headers, json={**made, "client_secret": f"x{secret}"})
        await app.http.put(path, headers=headers, content=f'{{"client_secret": "{secret}"')
        await app.http.get(f"{path}x", headers=headers)
        await app.http.delete(path, headers=headers)
        guess = {"Authorization": "Bearer postern_ia_made-up-token"}
        await app.http.post("/register", json=body, headers=guess)


def _assert_holds_none_of(log: str, story: Story) -> None:
    for secret in story.secrets:
        assert secret not in log
        assert secret.removeprefix("postern_at_").removeprefix("postern_rt_") not in log
    for code in story.codes:
        # A code has six digits, and so have longer numbers and fractions of seconds in their midst.
        assert not re.search(rf"(?<![0-9a-f.]){code}(?![0-9a-f])", log)


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_successes_and_failures_leave_no_secret_in_the_log(
    databases: Databases,
    database_kind: str,
    capfd: pytest.CaptureFixture[str],
    log_format: str,
) -> None:
    """SECURITY_BAR row 13"""
    url = await databases.migrated(database_kind)
    async with running_application(
        url, access_log=True, log_level="DEBUG", log_format=log_format
    ) as app:
        story = Story(app)
        await story.tell()

    captured = capfd.readouterr()
    log = captured.err + captured.out

    assert "/register_user" in log
    assert "was replayed" in log  # the replay
    assert "client authentication failed" in log
    assert "password sign-in refused" in log
    _assert_holds_none_of(log, story)
    if log_format == "json":
        entries = [json.loads(line) for line in captured.err.splitlines()]
        assert {"postern.access"} < {entry["logger"] for entry in entries}


async def test_the_traceback_of_a_bug_contains_no_secret(
    databases: Databases, database_kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """SECURITY_BAR row 13: the values that a statement was given are not for the log"""
    url = await databases.migrated(database_kind)
    async with running_application(url, access_log=True, log_level="DEBUG") as app:
        await _lose_the_column_of_passwords(app)

        answer = await app.http.post(
            "/register_user", json={"username": app.new_name(), "password": PASSWORD}
        )

    captured = capfd.readouterr()
    log = captured.err + captured.out
    assert answer.status_code >= 500
    assert "password_hash" in log  # the database's complaint is there
    assert PASSWORD not in log
    assert "$argon2id$" not in log
    assert "argon2" not in answer.text


async def _lose_the_column_of_passwords(app: Application) -> None:
    services = build_services(app.settings, app.clock)
    async with services.core.database.transaction() as connection:
        await connection.execute(text("ALTER TABLE users RENAME COLUMN password_hash TO lost"))
    await services.close()
