"""Two applications on one database, one with the fast lane and one without."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.lanes.requests import Sent, Tokens
from tests.support.application import (
    PASSWORD,
    Application,
    TestClient,
    TestUser,
    running_application,
)
from tests.support.databases import Databases
from tests.support.server import application_of, running_server

SECRETS = re.compile(r"postern_(at|rt|cs|ar)_[A-Za-z0-9_-]{43,}")
TIMES = re.compile(r'"(exp|iat|expires_in)":[0-9]+')
MASKED_HEADERS = {"x-request-id", "date"}


@dataclass(frozen=True)
class Lane:
    app: Application
    tokens: Tokens

    async def send(self, sent: Sent) -> httpx.Response:
        request = self.app.http.build_request(
            sent.method, sent.path, headers=list(sent.headers), content=sent.body
        )
        return await self.app.http.send(request)


@dataclass(frozen=True)
class Lanes:
    fast: Lane
    slow: Lane

    def __iter__(self) -> Any:
        return iter((self.fast, self.slow))


@pytest_asyncio.fixture(scope="module")
async def lanes(databases: Databases, database_kind: str) -> AsyncIterator[Lanes]:
    url = await databases.migrated(database_kind)
    async with AsyncExitStack() as stack:
        fast, slow = [
            await stack.enter_async_context(
                running_application(url, fast_lane=fast_lane, **settings_of(database_kind))
            )
            for fast_lane in (True, False)
        ]
        slow.clock._now = fast.clock.now()
        yield await lanes_of(fast, slow)


@pytest_asyncio.fixture(scope="module")
async def served_lanes(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Lanes]:
    """The same in two processes, over sockets: there the server has a part in each answer."""
    variables = {
        "DATABASE_URL": await databases.migrated("sqlite"),
        "ISSUER": "http://localhost:5000",
    }
    first, second = (tmp_path_factory.mktemp("lane") for _ in range(2))
    async with (
        running_server(first, FAST_LANE="1", **variables) as fast,
        running_server(second, FAST_LANE="0", **variables) as slow,
        application_of(fast) as fast_app,
        application_of(slow) as slow_app,
    ):
        yield await lanes_of(fast_app, slow_app)


async def lanes_of(fast: Application, slow: Application) -> Lanes:
    client, user = await fast.create_client(), await fast.enrolled_user()
    return Lanes(*[Lane(app, await tokens_for(app, client, user)) for app in (fast, slow)])


def settings_of(kind: str) -> dict[str, Any]:
    """Short time-outs, for the test in which the database is held by somebody else."""
    return {"sqlite_busy_timeout": 0.5} if kind == "sqlite" else {"database_timeout": 0.5}


async def tokens_for(app: Application, client: TestClient, user: TestUser) -> Tokens:
    pair = (await app.password_grant(client, user)).json()
    used = (await app.password_grant(client, user)).json()["refresh_token"]
    successor = (await app.refresh(client, used)).json()["refresh_token"]
    await app.refresh(client, successor)
    revoked = (await app.client_credentials(client)).json()["access_token"]
    await app.revoke(client, revoked)
    return Tokens(
        client_id=client.client_id,
        client_secret=client.client_secret,
        username=user.username,
        password=PASSWORD,
        machine_token=(await app.client_credentials(client)).json()["access_token"],
        access_token=pair["access_token"],
        refresh_token=pair["refresh_token"],
        used_refresh_token=used,
        revoked_token=revoked,
    )


def comparable(response: httpx.Response) -> dict[str, Any]:
    """Everything that a caller sees, without what differs from one request to the next."""
    return {
        "status": response.status_code,
        "headers": sorted(
            (name, "…" if name in MASKED_HEADERS else value)
            for name, value in response.headers.multi_items()
        ),
        "body": TIMES.sub(r'"\1":…', SECRETS.sub(r"postern_\1_…", response.text)),
    }
