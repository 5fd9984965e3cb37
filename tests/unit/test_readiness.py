"""How often the database is asked whether it serves."""

import asyncio
from typing import Any

import pytest

from app.services.operations import readiness
from app.services.operations.readiness import Readiness
from tests.support.clock import FakeClock


class Database:
    """Counts how often it is asked."""

    def __init__(self, problem: str | None = None) -> None:
        self.problem_now = problem
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def problem(self, **_: Any) -> str | None:
        self.asked += 1
        await self.may_answer.wait()
        return self.problem_now


def readiness_of(database: Any, *, timeout: float = 60) -> Readiness:
    return Readiness(database, FakeClock(), timeout=timeout)


async def test_concurrent_callers_share_one_check() -> None:
    database = Database()
    database.may_answer.clear()
    asked = readiness_of(database)

    waiting = [asyncio.create_task(asked.is_ready()) for _ in range(50)]
    await asyncio.sleep(0)
    waiting[0].cancel()  # whoever hangs up stops nobody's answer
    database.may_answer.set()

    assert await asyncio.gather(*waiting[1:]) == [True] * 49
    assert database.asked == 1


async def test_a_result_is_cached_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "REMEMBERED_SECONDS", 3600)
    database = Database("the database is read-only")
    asked = readiness_of(database)

    assert [await asked.is_ready() for _ in range(10)] == [False] * 10
    assert database.asked == 1


async def test_the_end_of_a_problem_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "REMEMBERED_SECONDS", 0)
    database = Database("the database is read-only")
    asked = readiness_of(database)
    before = await asked.is_ready()

    database.problem_now = None

    assert [before, await asked.is_ready()] == [False, True]


async def test_a_database_that_never_answers_is_not_ready() -> None:
    database = Database()
    database.may_answer.clear()

    assert not await readiness_of(database, timeout=0).is_ready()
