"""Sixty-four clients that register, mint and refresh, and what they were promised meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import select

from app.database.database import Database
from app.models.accounts.users import users
from tests.support.application import PASSWORD, Application, TestClient, TestUser
from tests.support.waiting import eventually

CLIENTS = 64
REGISTERING, MINTING = 8, 40  # the others refresh


@dataclass
class Promised:
    """What was answered with success: it has to be there whatever happens."""

    users: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    chains: list[list[str]] = field(default_factory=list)
    attempted_users: list[str] = field(default_factory=list)

    @property
    def refreshes(self) -> int:
        return sum(len(chain) - 1 for chain in self.chains)


class Load:
    """Runs until it is stopped or its server is gone. A 503 is met with another try."""

    def __init__(self, app: Application, client: TestClient) -> None:
        self._app = app
        self._client = client
        self._tasks: list[asyncio.Task[None]] = []
        self.promised = Promised()
        self.refusals: list[httpx.Response] = []

    async def start(self, user: TestUser) -> None:
        for _ in range(CLIENTS - REGISTERING - MINTING):
            pair = (await self._app.password_grant(self._client, user)).json()
            self.promised.chains.append([pair["refresh_token"]])
        works: list[Callable[[], Awaitable[None]]] = [
            *[self._register] * REGISTERING,
            *[self._mint] * MINTING,
            *[lambda chain=chain: self._refresh(chain) for chain in self.promised.chains],
        ]
        self._tasks = [asyncio.create_task(_until_the_server_is_gone(work)) for work in works]

    async def has_got(self, *, users: int, tokens: int, refreshes: int) -> None:
        """Waits until so much more was promised."""
        goal = (
            len(self.promised.users) + users,
            len(self.promised.tokens) + tokens,
            self.promised.refreshes + refreshes,
        )

        def is_there() -> bool:
            assert not all(task.done() for task in self._tasks), self._tasks
            return all(got >= wanted for got, wanted in zip(self._got(), goal, strict=True))

        await eventually(is_there)

    async def ended(self) -> None:
        """Waits until every client has noticed that the server is gone."""
        await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _got(self) -> tuple[int, int, int]:
        return len(self.promised.users), len(self.promised.tokens), self.promised.refreshes

    async def _register(self) -> None:
        name = self._app.new_name()
        self.promised.attempted_users.append(name)
        body = {"username": name, "password": PASSWORD}
        if self._is_success(await self._app.http.post("/register_user", json=body)):
            self.promised.users.append(name)

    async def _mint(self) -> None:
        answer = await self._app.client_credentials(self._client)
        if self._is_success(answer):
            self.promised.tokens.append(answer.json()["access_token"])

    async def _refresh(self, chain: list[str]) -> None:
        answer = await self._app.refresh(self._client, chain[-1])
        if self._is_success(answer):
            chain.append(answer.json()["refresh_token"])

    def _is_success(self, answer: httpx.Response) -> bool:
        if answer.is_success:
            return True
        assert answer.status_code == 503, answer.text
        self.refusals.append(answer)
        return False


async def _until_the_server_is_gone(work: Callable[[], Awaitable[None]]) -> None:
    try:
        while True:
            await work()
    except httpx.TransportError:
        return


async def assert_everything_is_there(
    app: Application, client: TestClient, promised: Promised, database: Database
) -> None:
    """Every promise is kept, and nothing can be spent twice."""
    rows = await database.fetch_all(select(users.c.username))
    assert {row[0] for row in rows} >= set(promised.users)
    unanswered = set(promised.attempted_users) - set(promised.users)
    repeated = await asyncio.gather(
        *(
            app.http.post("/register_user", json={"username": name, "password": PASSWORD})
            for name in unanswered
        )
    )
    assert {answer.status_code for answer in repeated} <= {201, 409}

    active = await asyncio.gather(*(app.is_active(client, token) for token in promised.tokens))
    assert all(active)

    await asyncio.gather(*(assert_chain_goes_on(app, client, chain) for chain in promised.chains))


async def assert_chain_goes_on(app: Application, client: TestClient, chain: list[str]) -> None:
    """The last token that was answered is good for one pair; those before it for none."""
    answers: list[Any] = await asyncio.gather(*(app.refresh(client, chain[-1]) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}, answers[0].text
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    next_one = await app.refresh(client, answers[0].json()["refresh_token"])
    assert next_one.status_code == 200
    assert await app.is_active(client, next_one.json()["access_token"])
    for spent in chain[-2:]:
        assert (await app.refresh(client, spent)).status_code == 400
