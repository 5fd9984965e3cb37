"""Whose turn it is among transactions that locks held up."""

import asyncio

import pytest

from app.database.errors import RowLockedError
from app.database.lock_retries import LockRetries, RoundRobinSemaphore
from app.errors import DatabaseUnavailableError
from tests.support.machine import scaled


async def waiting(semaphore: RoundRobinSemaphore, *kinds: str) -> list["asyncio.Task[None]"]:
    tasks = [asyncio.create_task(semaphore.acquire(kind)) for kind in kinds]
    await asyncio.sleep(0)
    return tasks


async def served(tasks: list["asyncio.Task[None]"]) -> list[bool]:
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return [task.done() for task in tasks]


async def test_kinds_of_transaction_alternate_while_locks_block_them() -> None:
    semaphore = RoundRobinSemaphore(1)
    await semaphore.acquire("user")
    tasks = await waiting(semaphore, "user", "user", "client")

    semaphore.release("user", is_locked=True)
    assert await served(tasks) == [False, False, True]
    semaphore.release("client", is_locked=True)
    assert await served(tasks) == [True, False, True]


async def test_a_kind_that_is_no_longer_blocked_continues() -> None:
    semaphore = RoundRobinSemaphore(1)
    await semaphore.acquire("user")
    tasks = await waiting(semaphore, "client", "user", "user")

    semaphore.release("user", is_locked=False)
    semaphore.release("user", is_locked=False)

    assert await served(tasks) == [False, True, True]


async def test_the_slot_of_a_cancelled_caller_passes_to_the_next_caller() -> None:
    semaphore = RoundRobinSemaphore(1)
    await semaphore.acquire("user")
    tasks = await waiting(semaphore, "user", "user", "user")

    tasks[0].cancel()
    semaphore.release("user", is_locked=True)
    tasks[1].cancel()  # at the moment at which it is its turn
    await asyncio.gather(*tasks, return_exceptions=True)
    semaphore.release("user", is_locked=True)

    await asyncio.wait_for(semaphore.acquire("user"), 5)


async def test_an_attempt_on_a_locked_row_is_retried_until_the_deadline() -> None:
    retries = LockRetries(connections_per_kind=1, retries_at_once=1, time_limit=scaled(0.5))
    attempts = 0

    async def attempt() -> None:
        nonlocal attempts
        attempts += 1
        await asyncio.sleep(0.001)
        raise RowLockedError

    with pytest.raises(DatabaseUnavailableError):
        await retries.run("user", attempt)

    assert attempts > 1


async def test_an_exception_in_an_attempt_reaches_its_caller_and_frees_the_slot() -> None:
    retries = LockRetries(connections_per_kind=1, retries_at_once=1, time_limit=5)

    async def attempt() -> None:
        raise LookupError

    for _ in range(3):
        with pytest.raises(LookupError):
            await retries.run("user", attempt)
