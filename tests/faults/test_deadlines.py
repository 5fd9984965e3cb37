"""One deadline over all database steps of a request, however many wait."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from typing import Any

import httpx
import pytest

from tests.conftest import AppFactory
from tests.support.application import Application, running_application
from tests.support.assertions import assert_oauth_error
from tests.support.databases import Databases
from tests.support.locks import writes_blocked
from tests.support.machine import scaled, scaled_now
from tests.support.parts import services_of
from tests.support.tcp_proxy import proxy_before

pytestmark = pytest.mark.timing

CALLERS = 600
BESIDE_THE_DATABASE = 2.0
"""Seconds in which an idle machine deals with all of them."""


async def answered_in_time(
    app: Application, requests: Sequence[Awaitable[httpx.Response]]
) -> list[httpx.Response]:
    """The answers; each came by its deadline."""
    started_at = time.perf_counter()
    answers = await asyncio.gather(*requests)
    took = time.perf_counter() - started_at
    limit = services_of(app).core.database.backend.time_limit
    assert took < limit + scaled_now(BESIDE_THE_DATABASE), took
    return answers


def short_limits() -> dict[str, float]:
    return {"database_timeout": scaled(0.5), "sqlite_busy_timeout": scaled(0.5)}


async def test_every_caller_is_answered_by_the_deadline_while_a_table_is_locked(
    start_app: AppFactory, databases: Databases, database_kind: str
) -> None:
    url = await databases.migrated(database_kind)
    app = await start_app(database_url=url, **short_limits())
    client = await app.create_client()

    async with writes_blocked(url):
        answers = await answered_in_time(
            app, [app.client_credentials(client) for _ in range(CALLERS)]
        )

    for answer in answers:
        assert_oauth_error(answer, "temporarily_unavailable", status=503)
        assert int(answer.headers["retry-after"]) > 0
    assert (await app.client_credentials(client)).status_code == 200


async def test_one_deadline_covers_all_database_steps_of_a_request(
    start_app: AppFactory, databases: Databases, database_kind: str
) -> None:
    url = await databases.migrated(database_kind)
    app = await start_app(database_url=url, **short_limits())
    client, user = await app.create_client(), await app.enrolled_user()
    body: dict[str, Any] = {"username": app.new_name(), "password": "correct horse battery"}

    async with writes_blocked(url):
        answers = await answered_in_time(
            app,
            [
                *(app.password_grant(client, user) for _ in range(20)),
                *(app.http.post("/register_user", json=body) for _ in range(20)),
            ],
        )

    assert {answer.status_code for answer in answers} == {503}


async def test_every_caller_is_answered_by_the_deadline_while_the_network_stalls(
    databases: Databases,
) -> None:
    async with (
        proxy_before(await databases.migrated("postgresql")) as (proxy, url),
        running_application(url, **short_limits()) as app,
    ):
        client = await app.create_client()
        token = (await app.client_credentials(client)).json()["access_token"]
        proxy.stall()

        answers = await answered_in_time(
            app,
            [
                *(app.client_credentials(client) for _ in range(CALLERS // 2)),
                *(app.profile(token) for _ in range(CALLERS // 2)),
                *(app.http.get("/health/ready") for _ in range(10)),
            ],
        )
        proxy.flow()

        assert {answer.status_code for answer in answers} == {503}
        assert (await app.client_credentials(client)).status_code == 200
