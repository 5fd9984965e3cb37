"""What was acknowledged and is not found afterwards, asked over HTTP."""

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
"""Below the grace window of refresh tokens: after it, a repeated refresh is a replay."""

T = TypeVar("T")


class Check:
    """Asks a server for everything that a load was promised."""

    def __init__(self, app: Application, client: TestClient) -> None:
        self._app = app
        self._client = client

    async def losses(self, record: Record) -> list[str]:
        """Return what is not there, or can be used twice.

        Families come first: an answer that a client did not get is repeated for a while only.
        """
        lost = await _each(record.chains, self._family)
        lost += await _each(record.tokens, self._token)
        return lost + await _each(record.users, self._user)

    async def _family(self, chain: Chain) -> str:
        """The last refresh token of a family gives one pair; used ones are refused."""
        last = chain.tokens[-1]
        answers = await asyncio.gather(*(self._refresh(last) for _ in range(3)))
        if {answer.status_code for answer in answers} != {HTTPStatus.OK}:
            return "" if _may_be_replay(chain) else f"a refresh token ({answers[0].text[:80]})"
        successors = {answer.json()["refresh_token"] for answer in answers}
        if len(successors) != 1:
            return "a refresh token was used twice"
        successor = await self._refresh(successors.pop())
        if successor.status_code != HTTPStatus.OK:
            return "the successor of a refresh token"
        if await self._token(successor.json()["access_token"]):
            return "an access token of a refresh"
        for used in chain.tokens[-2:]:
            if (await self._refresh(used)).status_code != HTTPStatus.BAD_REQUEST:
                return "a used refresh token was accepted"
        return ""

    async def _refresh(self, token: str) -> httpx.Response:
        return await _answered(lambda: self._app.refresh(self._client, token))

    async def _token(self, token: str) -> str:
        form = {"token": token}
        answer = await _answered(
            lambda: self._app.http.post("/introspect", data=form, auth=self._client.auth)
        )
        is_active = answer.status_code == HTTPStatus.OK and answer.json()["active"] is True
        return "" if is_active else f"an access token ({answer.status_code})"

    async def _user(self, user: TestUser) -> str:
        """The authenticator app that was set up with the answer has to be confirmed."""
        code = self._app.code(user)
        answer = await _answered(lambda: self._app.verify_otp(user.username, code))
        return "" if answer.status_code == HTTPStatus.OK else f"a user ({answer.status_code})"


def _may_be_replay(chain: Chain) -> bool:
    since = chain.unanswered_since
    return since is not None and time.monotonic() - since > GRACE_SECONDS


async def _answered(request: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Repeat a request while it is answered 503, which promises that nothing happened."""
    for _ in range(TRIES):
        answer = await request()
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            break
        await asyncio.sleep(0.5)
    return answer


async def _each(things: Sequence[T], find: Callable[[T], Awaitable[str]]) -> list[str]:
    """Return what `find` says of these things, some at once; an empty text is well."""
    left = iter(things)
    lost: list[str] = []

    async def work() -> None:
        for thing in left:
            if problem := await find(thing):
                lost.append(problem)  # noqa: PERF401 - it awaits

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return lost
