"""PostgreSQL goes away and comes back: clean 503s meanwhile, success after, nothing lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.faults.load import Load, assert_everything_is_there
from tests.support.application import Application, TestClient, TestUser, running_application
from tests.support.assertions import assert_oauth_error, assert_problem
from tests.support.databases import create_database, migrate_template
from tests.support.machine import scaled
from tests.support.parts import services_of
from tests.support.postgresql import PostgresServer
from tests.support.waiting import eventually

pytestmark = pytest.mark.timing


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgresServer]:
    """A server that these tests may stop."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest_asyncio.fixture(scope="module")
async def own_app(postgresql: PostgresServer) -> AsyncIterator[Application]:
    url = await create_database(postgresql.url)
    await asyncio.to_thread(migrate_template, url)
    async with running_application(url, database_timeout=scaled(2)) as application:
        yield application


@pytest_asyncio.fixture(scope="module")
async def machine(own_app: Application) -> TestClient:
    return await own_app.create_client()


@pytest_asyncio.fixture(scope="module")
async def person(own_app: Application) -> TestUser:
    return await own_app.enrolled_user()


@pytest_asyncio.fixture
async def pair(own_app: Application, machine: TestClient, person: TestUser) -> dict[str, str]:
    """Tokens of a sign-in while all is well."""
    answer: dict[str, str] = (await own_app.password_grant(machine, person)).json()
    return answer


@pytest.fixture
def stopped(pair: dict[str, str], postgresql: PostgresServer) -> Iterator[PostgresServer]:
    """The server, stopped as by a crash; it runs again after the test."""
    postgresql.stop("immediate")
    yield postgresql
    if not (postgresql.data / "postmaster.pid").exists():
        postgresql.start()


@pytest.mark.usefixtures("stopped")
async def test_protocol_endpoints_return_temporarily_unavailable(
    own_app: Application, machine: TestClient, person: TestUser, pair: dict[str, str]
) -> None:
    answers = [
        await own_app.client_credentials(machine),
        await own_app.password_grant(machine, person),
        await own_app.refresh(machine, pair["refresh_token"]),
        await own_app.http.post(
            "/introspect", data={"token": pair["access_token"]}, auth=machine.auth
        ),
        await own_app.revoke(machine, pair["refresh_token"]),
        await own_app.profile(pair["access_token"]),
    ]

    for answer in answers:
        assert_oauth_error(answer, "temporarily_unavailable", status=503)
        assert int(answer.headers["retry-after"]) > 0


@pytest.mark.usefixtures("stopped")
async def test_other_endpoints_return_problem_details(
    own_app: Application, person: TestUser
) -> None:
    body = {"username": own_app.new_name(), "password": "correct horse battery"}
    answers = [
        await own_app.http.post("/register_user", json=body),
        await own_app.http.post("/enroll_otp", json=body),
        await own_app.verify_otp(person.username, "123456"),
        await own_app.http.post(
            "/create_client", json={"client_name": "x", "redirect_uri": "https://a.example/cb"}
        ),
    ]

    for answer in answers:
        assert_problem(answer, 503, "temporarily_unavailable")
        assert int(answer.headers["retry-after"]) > 0


@pytest.mark.usefixtures("stopped")
async def test_the_process_is_alive_but_not_ready(own_app: Application) -> None:
    live = await own_app.http.get("/health/live")
    await eventually(lambda: is_ready(own_app, 503))  # an answer is kept for a second
    ready = await own_app.http.get("/health/ready")

    assert live.status_code == 200
    assert ready.status_code == 503
    assert int(ready.headers["retry-after"]) > 0


async def is_ready(app: Application, status: int) -> bool:
    return (await app.http.get("/health/ready")).status_code == status


async def test_the_first_requests_after_postgresql_recovers_succeed(
    own_app: Application,
    machine: TestClient,
    person: TestUser,
    pair: dict[str, str],
    stopped: PostgresServer,
) -> None:
    await own_app.client_credentials(machine)

    stopped.start()

    await eventually(lambda: is_ready(own_app, 200))
    assert await own_app.is_active(machine, pair["access_token"])
    assert (await own_app.client_credentials(machine)).status_code == 200
    assert (await own_app.refresh(machine, pair["refresh_token"])).status_code == 200
    assert (await own_app.enrolled_user()).username


async def test_a_postgresql_restart_between_requests_is_not_noticed(
    own_app: Application, machine: TestClient, pair: dict[str, str], stopped: PostgresServer
) -> None:
    stopped.start()

    assert await own_app.is_active(machine, pair["access_token"])
    assert (await own_app.client_credentials(machine)).status_code == 200
    assert (await own_app.create_client()).client_id


async def test_a_crash_under_load_loses_no_acknowledged_data(
    own_app: Application, machine: TestClient, person: TestUser, postgresql: PostgresServer
) -> None:
    """SECURITY_BAR row 9; fault 2"""
    load = Load(own_app, machine)
    await load.start(person)
    await load.has_got(users=5, tokens=60, refreshes=60)

    await asyncio.to_thread(postgresql.stop, "immediate")
    await asyncio.sleep(0.3)
    await asyncio.to_thread(postgresql.start)
    await load.has_got(users=3, tokens=30, refreshes=30)
    await load.stop()

    assert load.refusals
    assert all(int(refusal.headers["retry-after"]) > 0 for refusal in load.refusals)
    await assert_everything_is_there(
        own_app, machine, load.promised, services_of(own_app).core.database
    )
