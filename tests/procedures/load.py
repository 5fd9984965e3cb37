"""Clients that register, mint and refresh without end, and a record of what they were answered."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx
from sqlalchemy import select

from app.database.database import Database
from app.models.users import users
from tests.procedures.ledger import Entry
from tests.support.application import PASSWORD, Application, TestClient, TestUser

REGISTERING, MINTING, REFRESHING = 8, 40, 16
PAUSE_SECONDS = 0.05
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
GATEWAY_ERRORS = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)


@dataclass(slots=True)
class Record:
    """What was answered with success has to be there afterwards."""

    users: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    chains: list[list[str]] = field(default_factory=list)
    refused: int = 0
    cut: int = 0
    longest_wait: float = 0.0
    last_success: float = 0.0
    """By the monotonic clock."""

    @property
    def acknowledged(self) -> int:
        rotations = sum(len(chain) - 1 for chain in self.chains)
        return len(self.users) + len(self.tokens) + rotations


class Load:
    """Runs until it is stopped. A request that was refused or cut is sent again."""

    def __init__(self, app: Application, client: TestClient) -> None:
        self._app = app
        self._client = client
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = False
        self.record = Record()

    async def start(self, user: TestUser) -> None:
        """Sign in once for each client that refreshes, then start all of them."""
        for _ in range(REFRESHING):
            answer = await self._app.password_grant(self._client, user)
            assert answer.status_code == HTTPStatus.OK, answer.text
            self.record.chains.append([answer.json()["refresh_token"]])
        works: list[Callable[[], Awaitable[None]]] = [
            *[self._register] * REGISTERING,
            *[self._mint] * MINTING,
            *[lambda chain=chain: self._refresh(chain) for chain in self.record.chains],
        ]
        self._tasks = [asyncio.create_task(self._for_ever(work)) for work in works]

    async def stop(self) -> None:
        """Let each client finish its request, then return; raises what a client met."""
        self._is_stopping = True
        await asyncio.gather(*self._tasks)

    async def succeeds_again(self, *, within: float) -> float:
        """Return after how many seconds from now a request sent by then succeeded."""
        started = time.monotonic()
        self.record.last_success = 0.0
        async with asyncio.timeout(within):
            while self.record.last_success < started:  # noqa: ASYNC110 - no event tells of it
                await asyncio.sleep(0.01)
        return self.record.last_success - started

    async def _for_ever(self, work: Callable[[], Awaitable[None]]) -> None:
        while not self._is_stopping:
            await work()

    async def _ask(self, request: Awaitable[httpx.Response]) -> httpx.Response | None:
        """Return the answer if it is a success; note what else happened."""
        started = time.monotonic()
        try:
            answer = await request
        except NEVER_SENT:
            await asyncio.sleep(PAUSE_SECONDS)
            return None
        except httpx.TransportError:
            self.record.cut += 1
            await asyncio.sleep(PAUSE_SECONDS)
            return None
        now = time.monotonic()
        self.record.longest_wait = max(self.record.longest_wait, now - started)
        if answer.is_success:
            self.record.last_success = now
            return answer
        if answer.status_code in GATEWAY_ERRORS:
            self.record.cut += 1
        else:
            assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE, answer.text
            assert int(answer.headers["retry-after"]) > 0
            self.record.refused += 1
        await asyncio.sleep(PAUSE_SECONDS)
        return None

    async def _register(self) -> None:
        name = self._app.new_name()
        body = {"username": name, "password": PASSWORD}
        if await self._ask(self._app.http.post("/register_user", json=body)) is not None:
            self.record.users.append(name)

    async def _mint(self) -> None:
        answer = await self._ask(self._app.client_credentials(self._client))
        if answer is not None:
            self.record.tokens.append(answer.json()["access_token"])

    async def _refresh(self, chain: list[str]) -> None:
        answer = await self._ask(self._app.refresh(self._client, chain[-1]))
        if answer is not None:
            chain.append(answer.json()["refresh_token"])


async def losses(
    app: Application, client: TestClient, record: Record, database: Database
) -> list[str]:
    """Return what was acknowledged and is not there, or can be used twice.

    Refresh tokens come first: the answer that a client did not get is repeated for a while only.
    """
    families = await asyncio.gather(*(_ends(app, client, each) for each in record.chains))
    lost = [problem for problems in families for problem in problems]
    rows = await database.fetch_all(select(users.c.username))
    lost += [f"user {name}" for name in set(record.users) - {row[0] for row in rows}]
    active = await asyncio.gather(*(app.is_active(client, token) for token in record.tokens))
    return lost + ["an access token"] * active.count(False)


async def _ends(app: Application, client: TestClient, chain: list[str]) -> list[str]:
    """The last refresh token of a family gives one pair; used ones are refused."""
    answers = await asyncio.gather(*(app.refresh(client, chain[-1]) for _ in range(3)))
    if {answer.status_code for answer in answers} != {HTTPStatus.OK}:
        return ["a refresh token"]
    successors = {answer.json()["refresh_token"] for answer in answers}
    if len(successors) != 1:
        return ["a refresh token that was used twice"]
    next_one = await app.refresh(client, successors.pop())
    if next_one.status_code != HTTPStatus.OK:
        return ["the successor of a refresh token"]
    replay = await app.refresh(client, chain[-1])
    return [] if replay.status_code == HTTPStatus.BAD_REQUEST else ["a used token was accepted"]


def add_to(entry: Entry, record: Record, *, counts_cuts: bool) -> None:
    """Enter what a load saw into the ledger."""
    entry.acknowledged += record.acknowledged
    entry.refused += record.refused
    entry.longest_wait = max(entry.longest_wait, record.longest_wait)
    if counts_cuts:
        entry.cut = (entry.cut or 0) + record.cut
