"""PgBouncer between the server and PostgreSQL, in session and in transaction mode."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import select, text

from app.errors import DatabaseUnavailableError
from app.models.accounts.users import users
from tests.conftest import AppFactory
from tests.support.application import NO_LIMITS, Application
from tests.support.databases import Databases
from tests.support.locks import holding
from tests.support.parts import open_database, services_of
from tests.support.pgbouncer import COMMAND, running_pgbouncer
from tests.support.visitor import Visitor, visiting
from tests.support.waiting import within

pytestmark = pytest.mark.skipif(not COMMAND, reason="needs pgbouncer")

DATABASES = ("postgresql",)
SESSION: dict[str, Any] = {}
TRANSACTION: dict[str, Any] = {"database_pooler": "transaction"}
MODES = [pytest.param("session", id="session"), pytest.param("transaction", id="transaction")]


def settings_of(mode: str) -> dict[str, Any]:
    """Session mode works without a setting."""
    return TRANSACTION if mode == "transaction" else SESSION


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture
async def pooled(databases: Databases, mode: str) -> AsyncIterator[str]:
    async with running_pgbouncer(await databases.migrated("postgresql"), mode=mode) as url:
        yield url


@pytest_asyncio.fixture
async def app(start_app: AppFactory, pooled: str, mode: str) -> Application:
    return await start_app(database_url=pooled, **settings_of(mode))


async def test_the_quick_start_and_a_sign_in_work_through_pgbouncer(app: Application) -> None:
    """batches, transactions and locks by name"""
    client, user = await app.create_client(), await app.enrolled_user()

    tokens = await asyncio.gather(*(app.client_credentials(client) for _ in range(50)))
    first = await app.password_grant(client, user)
    again = await app.refresh(client, first.json()["refresh_token"])
    wrong = await app.password_grant(client, user, password="not the password")
    async with visiting(app) as visitor:
        page = await sign_in(visitor, app, user)

    assert {each.status_code for each in tokens} == {200}
    assert (first.status_code, again.status_code, wrong.status_code) == (200, 200, 400)
    assert "Your account" in page


async def sign_in(visitor: Visitor, app: Application, user: Any) -> str:
    return (await visitor.sign_in(await visitor.get("/login"), user)).text


@pytest.mark.slow
async def test_more_concurrent_requests_than_postgresql_connections_succeed(
    app: Application,
) -> None:
    """each transaction may be on another connection than the one before"""
    client = await app.create_client()

    users_and_tokens = await asyncio.gather(
        *(app.register() for _ in range(20)), *(app.client_credentials(client) for _ in range(200))
    )

    assert {each.status_code for each in users_and_tokens[20:]} == {200}


@pytest.mark.slow
async def test_a_transaction_has_statement_and_lock_timeouts(pooled: str, mode: str) -> None:
    """SECURITY_BAR, fault 4: by the server's own limits, not only by ours"""
    async with open_database(pooled, database_timeout=1, **settings_of(mode)) as database:
        async with database.transaction() as connection:
            limits = [
                (await connection.execute(text(f"SHOW {name}"))).scalar_one()
                for name in ("statement_timeout", "lock_timeout")
            ]
        with pytest.raises(DatabaseUnavailableError):
            async with database.transaction() as connection:
                await connection.execute(text("SELECT pg_sleep(20)"))

    assert limits == ["1s", "1s"]


async def test_transaction_settings_do_not_leak_to_the_pooled_connection(
    pooled: str, mode: str
) -> None:
    """what another client of the pooler gets next is as it was"""
    async with (
        open_database(pooled, database_timeout=1, **settings_of(mode)) as database,
        database.transaction() as connection,
    ):
        await connection.execute(select(users.c.user_id).limit(1))
    other = await asyncpg.connect(pooled, statement_cache_size=0)
    timeout = await other.fetchval("SELECT current_setting('statement_timeout')")
    names = await other.fetch("SELECT name FROM pg_prepared_statements WHERE name <> ''")
    await other.close()

    assert timeout == "0"
    assert not names


@pytest.mark.timing
async def test_locked_rows_do_not_block_other_requests(
    start_app: AppFactory, databases: Databases
) -> None:
    """a single statement, too, waits only briefly for a lock, on one of two connections"""
    url = await databases.migrated("postgresql")
    limits = {**NO_LIMITS, **TRANSACTION, "database_timeout": 60}
    async with running_pgbouncer(url, mode="transaction") as pooled:
        app = await start_app(database_url=pooled, **limits)
        client, user = await app.create_client(), await app.enrolled_user()
        tokens = [
            (await app.password_grant(client, user)).json()["refresh_token"] for _ in range(3)
        ]
        async with holding(url, "SELECT 1 FROM refresh_tokens FOR UPDATE"):
            waiting = []
            for token in tokens:
                waiting.append(asyncio.create_task(app.refresh(client, token)))
                await asyncio.sleep(0.1)
            async with within(1):
                tasks = [app.client_credentials(client) for _ in range(20)]
                statuses = {each.status_code for each in await asyncio.gather(*tasks)}
            assert not any(each.done() for each in waiting)

        assert statuses == {200}
        assert {(await each).status_code for each in waiting} == {200}


async def test_a_single_statement_has_statement_and_lock_timeouts(pooled: str, mode: str) -> None:
    """SECURITY_BAR, fault 4: it waits briefly for locks, so that it can give way"""
    async with open_database(pooled, database_timeout=1, **settings_of(mode)) as database:
        row = await database.fetch_one(
            text("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
        )

    assert row is not None
    assert tuple(row) == ("1s", "50ms")


async def test_the_server_is_ready_behind_pgbouncer(app: Application) -> None:
    answer = await app.http.get("/health/ready")

    assert answer.status_code == 200
    assert services_of(app).core.database.backend.name == "postgresql"
