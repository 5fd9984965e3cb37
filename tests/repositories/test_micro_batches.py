"""Micro-batches (docs/decisions/0002-micro-batches.md): who travels with whom, and who is told."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from app.database.batching import MicroBatch
from app.errors import DatabaseUnavailableError, OverloadedError
from tests.support.waiting import eventually


class Gate:
    """What a batch runs: notes its items and answers each with its square when it may."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.opens = asyncio.Event()

    async def run(self, items: list[int]) -> Sequence[int | Exception]:
        self.batches.append(items)
        await self.opens.wait()
        return [item * item for item in items]


def submitted(batch: MicroBatch[int, int], items: Sequence[int]) -> list[asyncio.Task[int]]:
    return [asyncio.ensure_future(batch.submit(item)) for item in items]


async def test_items_that_arrive_during_a_batch_are_sent_in_the_next_one() -> None:
    gate = Gate()
    batch = MicroBatch(gate.run, time_limit=60, in_flight=1)
    first = submitted(batch, [1])
    await eventually(lambda: gate.batches == [[1]])

    others = submitted(batch, [2, 3, 4])
    await asyncio.sleep(0)
    gate.opens.set()
    answers = await asyncio.gather(*first, *others)

    assert answers == [1, 4, 9, 16]
    assert gate.batches == [[1], [2, 3, 4]]


async def test_several_batches_run_concurrently_if_configured() -> None:
    gate = Gate()
    batch = MicroBatch(gate.run, time_limit=60, in_flight=2, maximum_rows=50)
    first = submitted(batch, [0])
    await eventually(lambda: len(gate.batches) == 1)

    others = submitted(batch, range(1, 101))
    await eventually(lambda: len(gate.batches) == 2)
    await asyncio.sleep(0.01)
    under_way = [len(items) for items in gate.batches]
    gate.opens.set()
    answers = await asyncio.gather(*first, *others)

    assert under_way == [1, 50]  # the third waits for a free place
    assert answers == [item * item for item in range(101)]


async def test_the_size_of_a_batch_is_limited() -> None:
    gate = Gate()
    gate.opens.set()
    batch = MicroBatch(gate.run, time_limit=60, in_flight=1, maximum_rows=10)

    answers = await asyncio.gather(*submitted(batch, range(25)))

    assert answers == [item * item for item in range(25)]
    assert [len(items) for items in gate.batches] == [10, 10, 5]


async def test_a_full_queue_refuses_new_items_and_preserves_queued_ones() -> None:
    gate = Gate()
    batch = MicroBatch(gate.run, time_limit=60, in_flight=1, maximum_waiting=3)
    tasks = submitted(batch, [1])
    await eventually(lambda: len(gate.batches) == 1)
    tasks += submitted(batch, [2, 3, 4])
    await asyncio.sleep(0)

    with pytest.raises(OverloadedError):
        await batch.submit(5)

    gate.opens.set()
    assert await asyncio.gather(*tasks) == [1, 4, 9, 16]
    assert await batch.submit(6) == 36


async def test_a_cancelled_caller_withdraws_an_unsent_item() -> None:
    gate = Gate()
    batch = MicroBatch(gate.run, time_limit=60, in_flight=1)
    tasks = submitted(batch, [1])
    await eventually(lambda: len(gate.batches) == 1)
    withdrawn, *neighbours = submitted(batch, [2, 3, 4])
    await asyncio.sleep(0)

    withdrawn.cancel()
    await asyncio.sleep(0)
    gate.opens.set()

    assert await asyncio.gather(*tasks, *neighbours) == [1, 9, 16]
    assert gate.batches == [[1], [3, 4]]


async def test_cancelling_a_caller_does_not_stop_a_running_batch() -> None:
    gate = Gate()
    batch = MicroBatch(gate.run, time_limit=60, in_flight=1)
    leaving, staying = submitted(batch, [1, 2])
    await eventually(lambda: gate.batches == [[1, 2]])

    leaving.cancel()
    await asyncio.sleep(0)
    gate.opens.set()

    assert await staying == 4
    assert leaving.cancelled()
    assert await batch.submit(3) == 9


async def test_an_exception_for_one_item_is_raised_only_to_its_caller() -> None:
    async def run(items: list[int]) -> Sequence[int | Exception]:
        return [ValueError(item) if item % 2 else item for item in items]

    batch = MicroBatch(run, time_limit=60, in_flight=1)

    answers = await asyncio.gather(*submitted(batch, range(4)), return_exceptions=True)

    assert [type(answer) for answer in answers] == [int, ValueError, int, ValueError]


@pytest.mark.parametrize("error", [DatabaseUnavailableError, RuntimeError])
async def test_a_failed_batch_raises_to_every_caller_and_the_next_one_runs(
    error: Callable[[], Exception],
) -> None:
    fails = True

    async def run(items: list[int]) -> Sequence[int | Exception]:
        if fails:
            raise error()
        return list(items)

    batch = MicroBatch(run, time_limit=60, in_flight=1)

    answers = await asyncio.gather(*submitted(batch, range(3)), return_exceptions=True)
    fails = False

    assert {type(answer) for answer in answers} == {error}
    assert await batch.submit(7) == 7


async def test_each_caller_gets_a_separate_exception_instance() -> None:
    async def run(items: list[int]) -> Sequence[int | Exception]:
        raise DatabaseUnavailableError

    batch: MicroBatch[int, int] = MicroBatch(run, time_limit=60, in_flight=1)

    answers = await asyncio.gather(*submitted(batch, range(3)), return_exceptions=True)

    assert len({id(answer) for answer in answers}) == 3


async def test_draining_waits_for_all_submitted_items() -> None:
    gate = Gate()
    batch = MicroBatch(gate.run, time_limit=60, in_flight=1)
    tasks = submitted(batch, range(5))
    await eventually(lambda: len(gate.batches) == 1)
    draining: Awaitable[None] = asyncio.ensure_future(batch.drain())

    gate.opens.set()
    await draining

    assert all(task.done() for task in tasks)
