"""What one request runs: the functions and files of `app/` that it enters, and what it looks up."""

import sys
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TypeVar

import pytest

import app as application
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import services_of
from tests.support.visitor import Visitor, visiting

ROOT = f"{Path(application.__file__).parent}/"
REPOSITORIES = "repositories/"
LOOK_UPS = ("find", "get", "list", "count", "is_", "has_")
Result = TypeVar("Result")


@dataclass
class Calls:
    """Calls in the thread of the event loop; what runs in other threads is not counted.

    A coroutine is counted once, however often it is resumed. Templates are not counted.
    """

    functions: Counter[tuple[str, str]] = field(default_factory=Counter)
    """The number of calls by file and name."""
    look_ups: Counter[str] = field(default_factory=Counter)
    """The number of calls of each query of a repository with the same arguments."""
    _frames: dict[int, FrameType] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.functions.total()

    @property
    def files(self) -> set[str]:
        return {file for file, _ in self.functions}

    @property
    def repeated(self) -> list[str]:
        return [look_up for look_up, number in self.look_ups.items() if number > 1]

    async def during(self, work: Awaitable[Result]) -> Result:
        """Count the calls while `work` runs."""
        sys.setprofile(self._profile)
        try:
            return await work
        finally:
            sys.setprofile(None)
            self._frames.clear()

    def _profile(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(ROOT) or id(frame) in self._frames:
            return
        if not code.co_filename.endswith(".py"):
            return
        self._frames[id(frame)] = frame  # kept alive, so that its id is not used again
        file = code.co_filename.removeprefix(ROOT)
        self.functions[file, code.co_qualname] += 1
        owner, _, name = code.co_qualname.rpartition(".")
        is_query = owner.endswith("Repository") and name.startswith(LOOK_UPS)
        if is_query and file.startswith(REPOSITORIES):
            arguments = {each: value for each, value in frame.f_locals.items() if each != "self"}
            self.look_ups[f"{code.co_qualname} {arguments!r}"] += 1


@dataclass(frozen=True)
class SignInCalls:
    """The calls of the four requests of a sign-in with a second factor."""

    wrong_password: Calls = field(default_factory=Calls)
    password: Calls = field(default_factory=Calls)
    wrong_code: Calls = field(default_factory=Calls)
    code: Calls = field(default_factory=Calls)


async def count_sign_in(app: Application) -> SignInCalls:
    """Sign in for a client's request, each step first wrong and then right."""
    client, user = await app.create_client(), await app.enrolled_user()
    calls = SignInCalls()
    with pytest.MonkeyPatch.context() as patch:
        # Events are numbered later, beside requests.
        patch.setattr(services_of(app).core.audit.sequencer, "wake", lambda: None)
        for counted in (SignInCalls(), calls):  # the first time warms up
            async with visiting(app) as visitor:
                await _sign_in(visitor, client, user, counted)
    return calls


async def _sign_in(
    visitor: Visitor, client: TestClient, user: TestUser, calls: SignInCalls
) -> None:
    app = visitor.app
    page = await visitor.authorize(client, prompt="consent")
    app.clock.advance(seconds=120)
    wrong = {"username": user.username, "password": "not-the-password-of-this-user"}
    page = await calls.wrong_password.during(visitor.submit(page, to="/login", **wrong))
    right = {**wrong, "password": user.password}
    at = await calls.password.during(visitor.submit(page, to="/login", **right))
    page = await visitor.follow(at)
    page = await calls.wrong_code.during(visitor.submit(page, code="000000"))
    app.clock.advance(seconds=61)
    await calls.code.during(visitor.submit(page, code=app.code(user)))
