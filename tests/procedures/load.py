"""Clients that register, mint and refresh continuously, and a record of the responses."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx

from tests.procedures.ledger import Entry
from tests.support.application import (
    PASSWORD,
    Application,
    TestClient,
    TestUser,
    otp_secret_in,
)
from tests.support.waiting import eventually

REGISTERING, MINTING, REFRESHING = 8, 40, 16
PAUSE_SECONDS = 0.05
EARLY_SECONDS = 5.0
"""A busy machine refuses requests that waited for their time limit, a restart at once."""
NEVER_ACCEPTED = (httpx.ConnectError, httpx.ConnectTimeout)
GATEWAY_ERRORS = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)


@dataclass(slots=True)
class Chain:
    """The issued refresh tokens of a family, oldest first."""

    tokens: list[str]
    unanswered_since: float | None = None
    """When the last token was first sent without a response, so that it may be used. Monotonic."""


@dataclass(slots=True)
class Record:
    """Everything that was acknowledged and must exist afterwards.

    `cut` counts requests whose connection ended without a complete response, `unreachable` those
    that could not connect.
    """

    users: list[TestUser] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)
    refused: int = 0
    refused_early: int = 0
    unreachable: int = 0
    cuts: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    longest_waits: dict[str, float] = field(default_factory=dict)
    """In seconds, by path or, at the token endpoint, by grant."""
    longest_probe: float = 0.0
    last_success: float = 0.0
    """By the monotonic clock."""

    @property
    def acknowledged(self) -> int:
        return sum(self.counts)

    @property
    def counts(self) -> tuple[int, int, int]:
        """Return the numbers of acknowledged users, access tokens and rotations."""
        rotations = sum(len(chain.tokens) - 1 for chain in self.chains)
        return len(self.users), len(self.tokens), rotations


class Load:
    """A load that runs until it is stopped. Requests that were refused or cut are sent again."""

    def __init__(self, app: Application, client: TestClient) -> None:
        self._app = app
        self._client = client
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = False
        self.record = Record()

    async def start(self, user: TestUser) -> None:
        """Sign in once for each refreshing client, then start all clients."""
        responses = await asyncio.gather(
            *(self._app.password_grant(self._client, user) for _ in range(REFRESHING))
        )
        for response in responses:
            assert response.status_code == HTTPStatus.OK, response.text
            self.record.chains.append(Chain([response.json()["refresh_token"]]))
        works: list[Callable[[], Awaitable[None]]] = [
            *[self._register] * REGISTERING,
            *[self._mint] * MINTING,
            *[lambda chain=chain: self._refresh(chain) for chain in self.record.chains],
        ]
        works.append(self._probe)
        self._tasks = [asyncio.create_task(self._for_ever(work)) for work in works]

    async def has_more_of_each(self) -> None:
        """Wait until each kind of request has succeeded once more."""
        before = self.record.counts
        await eventually(
            lambda: all(new > old for new, old in zip(self.record.counts, before, strict=True))
        )

    async def stop(self) -> None:
        """Let each client finish its request, then return; raises the clients' errors."""
        self._is_stopping = True
        try:
            await asyncio.gather(*self._tasks)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Cancel all clients at once, because the procedure failed."""
        for task in self._tasks:
            task.cancel()

    async def succeeds_again(self, *, within: float) -> float:
        """Return the seconds until a request succeeds that was sent from now on."""
        started_at = time.monotonic()
        self.record.last_success = 0.0
        async with asyncio.timeout(within):
            while self.record.last_success < started_at:  # noqa: ASYNC110 - no event for it
                await asyncio.sleep(0.01)
        return self.record.last_success - started_at

    async def _for_ever(self, work: Callable[[], Awaitable[None]]) -> None:
        while not self._is_stopping:
            await work()

    async def _ask(self, kind: str, request: Awaitable[httpx.Response]) -> httpx.Response | None:
        """Return the response if it is a success, else record the failure and return None."""
        started_at = time.monotonic()
        try:
            response = await request
        except NEVER_ACCEPTED:
            self.record.unreachable += 1
            await asyncio.sleep(PAUSE_SECONDS)
            return None
        except httpx.TransportError as error:
            self._note_wait(kind, started_at)
            self.record.cuts[type(error).__name__] += 1
            await asyncio.sleep(PAUSE_SECONDS)
            raise UnansweredError from error
        waited = self._note_wait(kind, started_at)
        if response.is_success:
            self.record.last_success = time.monotonic()
            return response
        await asyncio.sleep(PAUSE_SECONDS)
        if response.status_code in GATEWAY_ERRORS:
            self.record.cuts[f"status {response.status_code}"] += 1
            raise UnansweredError
        self._note_refusal(response, seconds=waited)
        return None

    def _note_wait(self, kind: str, started: float) -> float:
        waited = time.monotonic() - started
        waits = self.record.longest_waits
        waits[kind] = max(waits.get(kind, 0.0), waited)
        return waited

    def _note_refusal(self, answer: httpx.Response, *, seconds: float) -> None:
        retry_after = answer.headers.get("retry-after", "")
        if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE and retry_after.isdigit():
            self.record.refused += 1
            self.record.refused_early += seconds < EARLY_SECONDS
        else:
            path = answer.request.url.path
            self.record.unexpected[f"{path}: {answer.status_code} {answer.text[:120]}"] += 1

    async def _probe(self) -> None:
        """Send a request that needs no database, to measure how long this machine takes."""
        started_at = time.monotonic()
        with contextlib.suppress(httpx.TransportError):
            response = await self._app.http.get("/health/live")
            if not response.is_success:
                self.record.unexpected[f"/health/live: {response.status_code}"] += 1
        waited = time.monotonic() - started_at
        self.record.longest_probe = max(self.record.longest_probe, waited)
        await asyncio.sleep(PAUSE_SECONDS)

    async def _register(self) -> None:
        name = self._app.new_name()
        body = {"username": name, "password": PASSWORD}
        with contextlib.suppress(UnansweredError):
            response = await self._ask(
                "/register_user", self._app.http.post("/register_user", json=body)
            )
            if response is not None:
                secret = otp_secret_in(response.json()["otp_uri"])
                self.record.users.append(TestUser(name, PASSWORD, secret))

    async def _mint(self) -> None:
        with contextlib.suppress(UnansweredError):
            response = await self._ask(
                "client_credentials", self._app.client_credentials(self._client)
            )
            if response is not None:
                self.record.tokens.append(response.json()["access_token"])

    async def _refresh(self, chain: Chain) -> None:
        started_at = time.monotonic()
        try:
            response = await self._ask(
                "refresh_token", self._app.refresh(self._client, chain.tokens[-1])
            )
        except UnansweredError:
            chain.unanswered_since = chain.unanswered_since or started_at
            return
        if response is not None:
            chain.tokens.append(response.json()["refresh_token"])
            chain.unanswered_since = None


class UnansweredError(Exception):
    """The connection ended without a response, so the outcome is unknown."""


def add_to(entry: Entry, record: Record, *, counts_cuts: bool) -> None:
    """Add the results of a load to the ledger."""
    entry.acknowledged += record.acknowledged
    entry.refused += record.refused
    entry.refused_early += record.refused_early
    entry.note_waits(record.longest_waits)
    entry.longest_probe = max(entry.longest_probe, record.longest_probe)
    entry.failures += [f"{count} x {kind}" for kind, count in record.unexpected.most_common(3)]
    if counts_cuts:
        entry.cut = (entry.cut or 0) + record.cuts.total()
        entry.remarks += [f"cut: {count} x {kind}" for kind, count in record.cuts.items()]
        entry.unreachable += record.unreachable
    if not all(record.counts):
        counts_text = "{} users, {} tokens, {} refreshes".format(*record.counts)
        entry.failures.append(f"some kind of request never succeeded: {counts_text}")
