"""The connection to PostgreSQL is lost during COMMIT: the answer says what really happened."""

import logging
import secrets
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from app.models.oauth.authorization_requests import StoredRequest
from app.repositories.oauth.authorization_requests import AuthorizationRequestRepository
from tests.support.application import Application, running_application
from tests.support.assertions import assert_oauth_error, assert_problem
from tests.support.background import suspend_loops
from tests.support.databases import Databases
from tests.support.parts import count, open_database, services_of
from tests.support.tcp_proxy import proxy_before

pytestmark = pytest.mark.timing

COMMIT = b"COMMIT;"


@pytest_asyncio.fixture
async def postgresql_url(databases: Databases) -> str:
    return await databases.migrated("postgresql")


async def quiet(app: Application) -> None:
    """Let no loop commit anything, so that the next COMMIT is the one that is meant."""
    suspend_loops(services_of(app))
    await services_of(app).core.audit.sequencer.run()


def body_of(app: Application) -> dict[str, str]:
    return {"username": app.new_name(), "password": "correct horse battery"}


async def test_a_registration_with_a_lost_commit_response_is_read_back_and_returned(
    postgresql_url: str,
) -> None:
    async with proxy_before(postgresql_url) as (proxy, url), running_application(url) as app:
        await app.register()
        await quiet(app)
        body = body_of(app)
        proxy.cut_answer_to(COMMIT, after=body["username"].encode())

        answer = await app.http.post("/register_user", json=body)
        again = await app.http.post("/register_user", json=body)

        assert proxy.cuts_made == 1
        assert answer.status_code == 201
        assert "secret=" in answer.json()["otp_uri"]
        assert_problem(again, 409, "username_taken")
        assert await actions(app) == ["user.registered", "user.registered"]
        assert await count(services_of(app).core.database, "users") == 2


async def test_an_uncommitted_registration_returns_503_and_can_be_repeated(
    postgresql_url: str,
) -> None:
    async with proxy_before(postgresql_url) as (proxy, url), running_application(url) as app:
        await app.register()
        await quiet(app)
        body = body_of(app)
        proxy.cut_before(COMMIT, after=body["username"].encode())

        lost = await app.http.post("/register_user", json=body)
        users = await count(services_of(app).core.database, "users")
        again = await app.http.post("/register_user", json=body)

        assert proxy.cuts_made == 1
        assert_problem(lost, 503, "temporarily_unavailable")
        assert users == 1
        assert again.status_code == 201
        assert await actions(app) == ["user.registered", "user.registered"]


async def test_an_unknown_outcome_is_logged_if_the_database_remains_unavailable(
    postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with proxy_before(postgresql_url) as (proxy, url), running_application(url) as app:
        await app.register()
        await quiet(app)
        body = body_of(app)
        proxy.leave_after(COMMIT, after=body["username"].encode())

        logging.getLogger("postern").addHandler(caplog.handler)
        lost = await app.http.post("/register_user", json=body)
        logging.getLogger("postern").removeHandler(caplog.handler)

        assert_problem(lost, 503, "temporarily_unavailable")
        said = [each for each in caplog.records if "outcome unknown" in each.getMessage()]
        assert [each.levelname for each in said] == ["WARNING"]
        assert said[0].__dict__["request_id"] == lost.headers["x-request-id"]
        await proxy.cut_all()
    async with open_database(postgresql_url) as database:
        assert await count(database, "users") == 2


async def test_a_token_whose_retry_also_fails_is_logged_with_an_unknown_outcome(
    postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It may be stored for nobody; the log names the request"""
    async with proxy_before(postgresql_url) as (proxy, url), running_application(url) as app:
        client = await app.create_client(scope="profile email")
        await app.client_credentials(client, scope="profile")
        proxy.leave_after(b"email")

        logging.getLogger("postern").addHandler(caplog.handler)
        lost = await app.client_credentials(client, scope="email")
        logging.getLogger("postern").removeHandler(caplog.handler)

        assert_oauth_error(lost, "temporarily_unavailable", status=503)
        said = [each for each in caplog.records if "database" in each.getMessage()]
        assert ["outcome unknown" in each.getMessage() for each in said] == [True]
        assert said[0].__dict__["request_id"] == lost.headers["x-request-id"]
        await proxy.cut_all()


async def test_a_consumed_authorization_request_is_read_back_after_a_lost_commit(
    postgresql_url: str,
) -> None:
    """Of those who use it one is told so, although the answer to the commit was lost"""
    digest, now = secrets.token_bytes(32), datetime(2026, 11, 29, tzinfo=UTC)
    made = StoredRequest(
        digest=digest,
        kind="interaction",
        session_id=None,
        consent_session_id=None,
        client_id="a-client",
        parameters="{}",
        created_at=now,
        expires_at=now + timedelta(hours=1),
        used_at=None,
    )
    async with proxy_before(postgresql_url) as (proxy, url), open_database(url) as database:
        requests = AuthorizationRequestRepository(database)
        await requests.add(made)
        proxy.cut_answer_to(COMMIT, after=digest)

        first = await requests.use(digest, now=now)
        second = await requests.use(digest, now=now + timedelta(seconds=1))

        assert proxy.cuts_made == 1
        assert (first, second) == (True, False)


async def actions(app: Application) -> list[str]:
    return [each.action async for each in services_of(app).core.audit.read_all()]
