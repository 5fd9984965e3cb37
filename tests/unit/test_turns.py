"""Whose turn it is among transactions that locks held up."""

import asyncio

import pytest

from app.database.errors import RowLockedError
from app.database.turns import KindsInTurn, Turns
from app.errors import DatabaseUnavailableError


async def waiting(turns: KindsInTurn, *kinds: str) -> list["asyncio.Task[None]"]:
    tasks = [asyncio.create_task(turns.take(kind)) for kind in kinds]
    await asyncio.sleep(0)
    return tasks


async def served(tasks: list["asyncio.Task[None]"]) -> list[bool]:
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return [task.done() for task in tasks]


async def test_kinds_of_transaction_alternate_while_locks_block_them() -> None:
    turns = KindsInTurn(1)
    await turns.take("user")
    tasks = await waiting(turns, "user", "user", "client")

    turns.give_back("user", is_locked=True)
    assert await served(tasks) == [False, False, True]
    turns.give_back("client", is_locked=True)
    assert await served(tasks) == [True, False, True]


async def test_a_kind_that_is_no_longer_blocked_continues() -> None:
    turns = KindsInTurn(1)
    await turns.take("user")
    tasks = await waiting(turns, "client", "user", "user")

    turns.give_back("user", is_locked=False)
    turns.give_back("user", is_locked=False)

    assert await served(tasks) == [False, True, True]


async def test_the_slot_of_a_cancelled_caller_passes_to_the_next_caller() -> None:
    turns = KindsInTurn(1)
    await turns.take("user")
    tasks = await waiting(turns, "user", "user", "user")

    tasks[0].cancel()
    turns.give_back("user", is_locked=True)
    tasks[1].cancel()  # at the moment at which it is its turn
    await asyncio.gather(*tasks, return_exceptions=True)
    turns.give_back("user", is_locked=True)

    await asyncio.wait_for(turns.take("user"), 5)


async def test_an_attempt_on_a_locked_row_is_retried_until_the_deadline() -> None:
    turns = Turns(of_a_kind=1, again=1, time_limit=0.05)
    attempts = 0

    async def attempt() -> None:
        nonlocal attempts
        attempts += 1
        await asyncio.sleep(0.001)
        raise RowLockedError

    with pytest.raises(DatabaseUnavailableError):
        await turns.run("user", attempt)

    assert attempts > 1


async def test_an_exception_in_an_attempt_reaches_its_caller_and_frees_the_slot() -> None:
    turns = Turns(of_a_kind=1, again=1, time_limit=5)

    async def attempt() -> None:
        raise LookupError

    for _ in range(3):
        with pytest.raises(LookupError):
            await turns.run("user", attempt)
