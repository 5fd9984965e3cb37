"""How often the pages of a sign-in wait for the database, and that nothing is looked up twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from app.database.engines import PAUSE_SECONDS
from app.pages.account.registry import ACCOUNT_PAGES
from app.pages.admin.navigation import url_of
from app.pages.admin.registry import CONSOLE_PAGES
from tests.support.administration import id_of, new_group
from tests.support.application import Application, running_application
from tests.support.background import suspend_loops
from tests.support.console import administrator_in
from tests.support.databases import Databases
from tests.support.parts import services_of
from tests.support.round_trips import RoundTrips, counting_proxy
from tests.support.visitor import Visitor, answer_in, query, redeem, visiting

pytestmark = pytest.mark.both_databases

MOST_ROUND_TRIPS = {
    "GET /authorize": 5,
    "GET /login": 4,
    "POST /login": 7,
    "GET /login/otp": 6,
    "POST /login/otp": 25,
    "GET /authorize/resume": 5,
    "GET /consent": 5,
    "POST /consent": 19,
    "POST /token": 13,
    "GET /account": 15,
}
"""On PostgreSQL, with open connections and prepared statements. BEGIN and COMMIT are two of them;
two things are not counted that depend on the connection: a statement that is prepared on it for the
first time, and the question whether it is still there after a moment without use."""


@dataclass(frozen=True)
class Asked:
    """What one request asked the database."""

    round_trips: int
    repeated: list[str]
    statements: str


class Counter:
    def __init__(self, trips: RoundTrips) -> None:
        self._trips = trips
        self.requests: dict[str, Asked] = {}

    async def __call__(self, name: str, request: Awaitable[httpx.Response]) -> httpx.Response:
        self._trips.forget()
        response = await request
        trips = self._trips
        self.requests[name] = Asked(len(trips), trips.repeated(), str(trips))
        assert response.status_code < 500, response.text
        return response


@pytest_asyncio.fixture
async def counted(databases: Databases) -> AsyncIterator[tuple[Application, Counter]]:
    """An application whose statements are counted: only those of requests, not of its loops."""
    url = await databases.migrated("postgresql")
    async with counting_proxy(url) as (trips, through), running_application(through) as app:
        suspend_loops(services_of(app))
        yield app, Counter(trips)


async def sign_in_with_consent(app: Application, count: Counter, visitor: Visitor) -> None:
    """The way of a user from the client's link to its tokens, with the pages of errors."""
    client, user = await app.create_client(), await app.enrolled_user()
    http = visitor.http
    asked = query(client, prompt="consent")
    at = await count("GET /authorize", http.get(f"/authorize?{asked}"))
    page = await count("GET /login", http.get(at.headers["location"]))
    wrong = {"username": user.username, "password": "not-the-password-of-this-user"}
    page = await count("POST /login, wrong", visitor.submit(page, to="/login", **wrong))
    right = {"username": user.username, "password": user.password}
    at = await count("POST /login", visitor.submit(page, to="/login", **right))
    page = await count("GET /login/otp", http.get(at.headers["location"]))
    page = await count("POST /login/otp, wrong", visitor.submit(page, code="000000"))
    app.clock.advance(seconds=61)  # past the delay
    at = await count("POST /login/otp", visitor.submit(page, code=app.code(user)))
    at = await count("GET /authorize/resume", http.get(at.headers["location"]))
    page = await count("GET /consent", http.get(at.headers["location"]))
    at = await count("POST /consent", visitor.submit(page, to="/consent", decision="allow"))
    await count("POST /token", redeem(app, client, answer_in(at)["code"]))
    await count("GET /account", http.get("/account"))


@pytest.mark.slow
async def test_a_sign_in_page_runs_no_query_twice(
    counted: tuple[Application, Counter],
) -> None:
    app, count = counted
    for _ in range(2):  # the second time with prepared statements and open connections
        async with visiting(app) as visitor:
            await sign_in_with_consent(app, count, visitor)

    assert {name: each.repeated for name, each in count.requests.items() if each.repeated} == {}
    for name, most in MOST_ROUND_TRIPS.items():
        assert count.requests[name].round_trips <= most, (name, count.requests[name].statements)


@pytest.mark.slow
async def test_an_account_page_runs_no_query_twice(
    counted: tuple[Application, Counter],
) -> None:
    app, count = counted
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        await visitor.sign_in(await visitor.get("/login"), user)
        for place in sorted({page.place for page in ACCOUNT_PAGES} - {"email"}):
            path = f"/account/{place}"
            page = await count(path, visitor.http.get(path))
            assert page.status_code == 200, path

    assert {name: each.repeated for name, each in count.requests.items() if each.repeated} == {}


@pytest.mark.slow
async def test_a_page_of_the_console_runs_no_query_twice(
    counted: tuple[Application, Counter],
) -> None:
    app, count = counted
    async with visiting(app) as visitor:
        user = await administrator_in(visitor)
        group = await new_group(app, user, *[await app.enrolled_user() for _ in range(3)])
        await services_of(app).operations.activity.writer.run_once()
        paths = [url_of(page.place) for page in CONSOLE_PAGES]
        paths += [f"/admin/groups/{group.group_id}", f"/admin/users/{await id_of(app, user)}"]
        for path in paths:
            page = await count(path, visitor.http.get(path))
            assert page.status_code == 200, path

    assert {name: each.repeated for name, each in count.requests.items() if each.repeated} == {}


async def test_an_idle_database_connection_is_reused(databases: Databases) -> None:
    url = await databases.migrated("postgresql")
    async with counting_proxy(url) as (trips, through), running_application(through) as app:
        providers = services_of(app).federation.identity_providers
        await providers.list_all()
        before = trips.connections
        for _ in range(3):
            await asyncio.sleep(2 * PAUSE_SECONDS)
            await providers.list_all()

        assert trips.connections == before
