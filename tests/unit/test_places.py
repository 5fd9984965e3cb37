"""A few places and the queue before them: batches go first, and nobody waits for ever."""

import asyncio

import pytest

from app.concurrency.places import Places
from app.errors import DatabaseUnavailableError


async def entered(places: Places, order: list[str], name: str, *, is_first: bool) -> None:
    await places.enter(is_first=is_first)
    order.append(name)


async def waiting(places: Places, order: list[str]) -> list["asyncio.Task[None]"]:
    """A crowd of transactions, and two batches that come later."""
    tasks = [
        asyncio.create_task(entered(places, order, name, is_first=name.startswith("batch")))
        for name in ("one", "two", "three", "batch a", "batch b")
    ]
    await asyncio.sleep(0)
    return tasks


async def test_batches_alternate_with_other_waiters_and_go_first() -> None:
    places, order = Places(1), list[str]()
    await places.enter(is_first=False)
    tasks = await waiting(places, order)

    for _ in tasks:
        places.leave()
        await asyncio.sleep(0)

    assert order == ["batch a", "one", "batch b", "two", "three"]


async def test_a_waiter_cancelled_on_admission_passes_its_slot_on() -> None:
    places, order = Places(1), list[str]()
    await places.enter(is_first=False)
    tasks = await waiting(places, order)

    places.leave()
    tasks[3].cancel()
    await asyncio.gather(tasks[0])

    assert order == ["one"]
    for task in tasks:
        task.cancel()


async def test_a_waiter_that_times_out_is_refused_and_takes_no_slot() -> None:
    places = Places(1)
    async with places.taken(within=1, late=DatabaseUnavailableError):
        with pytest.raises(DatabaseUnavailableError):
            async with places.taken(within=0.01, late=DatabaseUnavailableError):
                pass

    async with places.taken(within=0.01, late=DatabaseUnavailableError):
        pass
