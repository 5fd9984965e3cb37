"""Batches and time: nobody waits past a deadline, and no free slot stays unused."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from app.concurrency import deadline
from app.concurrency.places import Places
from app.database.batching import WORTH_ANOTHER_BATCH, MicroBatch
from app.database.errors import RowLockedError
from app.errors import DatabaseUnavailableError
from tests.support.waiting import eventually

SOON = 0.4  # seconds


class Doors:
    """What a batch runs: each batch waits for a door of its own, named by its first item."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.doors: dict[int, asyncio.Event] = {}

    async def run(self, items: list[int]) -> Sequence[int | Exception]:
        self.batches.append(items)
        await self.doors.setdefault(items[0], asyncio.Event()).wait()
        return items

    def open_all(self) -> None:
        for door in self.doors.values():
            door.set()


@asynccontextmanager
async def batch_with_doors(in_flight: int) -> AsyncIterator[tuple[MicroBatch[int, int], Doors]]:
    doors = Doors()
    batch = MicroBatch(doors.run, in_flight=in_flight, time_limit=60)
    yield batch, doors
    while doors.batches and not all(door.is_set() for door in doors.doors.values()):
        doors.open_all()
        await asyncio.sleep(0)
    await batch.drain()


async def submitted_until(batch: MicroBatch[int, int], item: int, seconds: float) -> int:
    deadline.begin(time.perf_counter() + seconds)
    return await batch.submit(item)


async def test_a_free_slot_is_used_while_another_batch_is_still_running() -> None:
    async with batch_with_doors(2) as (batch, doors):
        tasks = [asyncio.create_task(batch.submit(0))]
        await eventually(lambda: doors.batches == [[0]])
        tasks += [
            asyncio.create_task(batch.submit(item)) for item in range(1, WORTH_ANOTHER_BATCH + 1)
        ]
        await eventually(lambda: len(doors.batches) == 2)
        late = asyncio.create_task(batch.submit(1000))  # while both slots are taken
        await asyncio.sleep(0)

        doors.doors[1].set()  # one of them is free now, the other stays where it is

        await eventually(lambda: doors.batches[2:] == [[1000]])
        tasks.append(late)
        doors.open_all()


async def test_an_item_past_its_deadline_is_refused_while_every_slot_is_taken() -> None:
    async with batch_with_doors(1) as (batch, doors):
        sent = asyncio.create_task(batch.submit(0))
        await eventually(lambda: doors.batches == [[0]])
        patient = asyncio.create_task(submitted_until(batch, 1, 60))

        with pytest.raises(DatabaseUnavailableError):
            await submitted_until(batch, 2, SOON)

        assert not sent.done()
        doors.doors[0].set()
        await eventually(lambda: len(doors.batches) == 2)
        assert doors.batches[1] == [1]
        doors.open_all()
        assert await patient == 1


async def test_an_earlier_deadline_is_enforced_behind_later_ones() -> None:
    async with batch_with_doors(1) as (batch, doors):
        tasks = [asyncio.create_task(submitted_until(batch, item, 60)) for item in range(200)]
        await eventually(lambda: len(doors.batches) == 1)

        with pytest.raises(DatabaseUnavailableError):
            await submitted_until(batch, 1000, SOON)

        assert not any(task.done() for task in tasks)
        for task in tasks:
            task.cancel()


async def test_an_item_without_a_deadline_uses_the_time_limit_of_the_batch() -> None:
    doors = Doors()
    batch = MicroBatch(doors.run, in_flight=1, time_limit=SOON)
    sent = asyncio.create_task(batch.submit(0))
    await eventually(lambda: doors.batches == [[0]])

    with pytest.raises(DatabaseUnavailableError):
        await batch.submit(1)

    doors.open_all()
    assert await sent == 0


async def test_a_batch_runs_with_the_earliest_deadline_of_its_items() -> None:
    left: list[float] = []

    async def run(items: list[int]) -> list[int]:
        left.append(deadline.seconds_left(otherwise=0))
        return items

    batch = MicroBatch(run, in_flight=1, time_limit=60)
    await asyncio.gather(*(submitted_until(batch, item, 30 + item) for item in (5, 0, 9)))

    assert 0 < left[0] <= 30


async def test_an_item_that_expires_while_it_waits_for_a_slot_is_never_sent() -> None:
    places, doors = Places(1), Doors()
    batch = MicroBatch(doors.run, in_flight=1, time_limit=60, places=places)
    await places.enter(is_first=False)

    with pytest.raises(DatabaseUnavailableError):
        await submitted_until(batch, 1, SOON)

    places.leave()
    await batch.drain()
    assert doors.batches == []


async def test_an_item_blocked_by_a_row_lock_is_retried() -> None:
    tries: list[list[int]] = []

    async def run(items: list[int]) -> Sequence[int | Exception]:
        tries.append(items)
        if len(tries) == 1:
            return [RowLockedError() if item == 1 else item for item in items]
        return items

    batch = MicroBatch(run, in_flight=1, time_limit=60)

    assert await asyncio.gather(*(batch.submit(item) for item in range(3))) == [0, 1, 2]
    assert tries == [[0, 1, 2], [1]]
