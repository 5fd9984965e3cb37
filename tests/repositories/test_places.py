"""A few places and the queue before them: batches go first, and nobody waits for ever."""

import asyncio

import pytest

from app.errors import DatabaseUnavailableError
from app.places import Places


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


async def test_a_batch_goes_ahead_of_a_crowd_and_the_crowd_has_every_second_turn() -> None:
    places, order = Places(1), list[str]()
    await places.enter(is_first=False)
    tasks = await waiting(places, order)

    for _ in tasks:
        places.leave()
        await asyncio.sleep(0)

    assert order == ["batch a", "one", "batch b", "two", "three"]


async def test_one_who_is_cancelled_at_his_turn_hands_it_on() -> None:
    places, order = Places(1), list[str]()
    await places.enter(is_first=False)
    tasks = await waiting(places, order)

    places.leave()
    tasks[3].cancel()
    await asyncio.gather(tasks[0])

    assert order == ["one"]
    for task in tasks:
        task.cancel()


async def test_one_who_waits_too_long_is_refused_and_takes_no_place() -> None:
    places = Places(1)
    async with places.taken(within=1, late=DatabaseUnavailableError):
        with pytest.raises(DatabaseUnavailableError):
            async with places.taken(within=0.01, late=DatabaseUnavailableError):
                pass

    async with places.taken(within=0.01, late=DatabaseUnavailableError):
        pass
