"""Check over HTTP that everything acknowledged still exists."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import TypeVar

import httpx

from tests.procedures.load import Chain, Record
from tests.support.application import Application, TestClient, TestUser

AT_ONCE = 32
TRIES = 20
GRACE_SECONDS = 25.0
"""Below the grace window of refresh tokens: later, a repeated refresh is a replay."""

T = TypeVar("T")


class Check:
    """A check that a server still has everything that was acknowledged to a load."""

    def __init__(self, app: Application, client: TestClient) -> None:
        self._app = app
        self._client = client

    async def losses(self, record: Record) -> list[str]:
        """Return what is missing, or can be used twice.

        Families come first, because an undelivered response is only repeated for a while.
        """
        lost = await _each(record.chains, self._family)
        lost += await _each(record.tokens, self._token)
        return lost + await _each(record.users, self._user)

    async def _family(self, chain: Chain) -> str:
        """Check that the last refresh token yields one pair, and that used ones are refused."""
        last_token = chain.tokens[-1]
        responses = await asyncio.gather(*(self._refresh(last_token) for _ in range(3)))
        if {response.status_code for response in responses} != {HTTPStatus.OK}:
            return "" if _may_be_replay(chain) else f"a refresh token ({responses[0].text[:80]})"
        successors = {response.json()["refresh_token"] for response in responses}
        if len(successors) != 1:
            return "a refresh token was used twice"
        successor = await self._refresh(successors.pop())
        if successor.status_code != HTTPStatus.OK:
            return "the successor of a refresh token"
        if await self._token(successor.json()["access_token"]):
            return "an access token of a refresh"
        for used_token in chain.tokens[-2:]:
            if (await self._refresh(used_token)).status_code != HTTPStatus.BAD_REQUEST:
                return "a used refresh token was accepted"
        return ""

    async def _refresh(self, token: str) -> httpx.Response:
        return await _answered(lambda: self._app.refresh(self._client, token))

    async def _token(self, token: str) -> str:
        form = {"token": token}
        response = await _answered(
            lambda: self._app.http.post("/introspect", data=form, auth=self._client.auth)
        )
        is_active = response.status_code == HTTPStatus.OK and response.json()["active"] is True
        return "" if is_active else f"an access token ({response.status_code})"

    async def _user(self, user: TestUser) -> str:
        """Check that the enrolment from the response can be confirmed."""
        code = self._app.code(user)
        response = await _answered(lambda: self._app.verify_otp(user.username, code))
        return "" if response.status_code == HTTPStatus.OK else f"a user ({response.status_code})"


def _may_be_replay(chain: Chain) -> bool:
    since = chain.unanswered_since
    return since is not None and time.monotonic() - since > GRACE_SECONDS


async def _answered(request: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Repeat a request while it gets a 503, which means that nothing was done."""
    for _ in range(TRIES):
        response = await request()
        if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            break
        await asyncio.sleep(0.5)
    return response


async def _each(things: Sequence[T], find: Callable[[T], Awaitable[str]]) -> list[str]:
    """Return the problems that `find` reports, running several at once; "" is no problem."""
    iterator = iter(things)
    lost: list[str] = []

    async def work() -> None:
        for thing in iterator:
            if problem := await find(thing):
                lost.append(problem)  # noqa: PERF401 - the condition awaits

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return lost
