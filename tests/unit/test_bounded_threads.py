"""Callers get threads in turn, until their deadline passes or they hang up."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from app.concurrency import bounded_threads, deadline
from app.concurrency.bounded_threads import SECONDS_FOR_THE_DATABASE, BoundedThreads
from app.concurrency.deadline import CallerConnection
from app.errors import CallerGoneError, OverloadedError
from tests.support.waiting import eventually


class Work:
    """Runs until it may end, and notes in which order it began."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.may_end = threading.Event()

    def __call__(self, number: int) -> int:
        self.begun.append(number)
        self.may_end.wait(60)
        return number


@pytest.fixture
def threads() -> Iterator[BoundedThreads]:
    made = BoundedThreads(threads=1, queue=10)
    yield made
    made.close()


async def run_for(
    threads: BoundedThreads,
    work: Work,
    number: int,
    *,
    seconds: float = 60,
    connection: CallerConnection = deadline.UNKNOWN_CONNECTION,
) -> int:
    deadline.begin(time.perf_counter() + seconds, connection)
    return await threads.run(work, number)


async def test_a_caller_that_waits_too_long_gets_a_retry_after_and_the_rest_run_in_order(
    threads: BoundedThreads,
) -> None:
    work = Work()
    tasks = [asyncio.create_task(run_for(threads, work, number)) for number in range(3)]
    await eventually(lambda: work.begun == [0])

    with pytest.raises(OverloadedError) as refused:
        await run_for(threads, work, 3, seconds=SECONDS_FOR_THE_DATABASE + 0.2)

    assert refused.value.retry_after > 0
    assert not any(task.done() for task in tasks)
    work.may_end.set()
    assert await asyncio.gather(*tasks) == work.begun == [0, 1, 2]


async def test_a_free_thread_is_used_even_with_no_time_left(threads: BoundedThreads) -> None:
    work = Work()
    work.may_end.set()

    assert await run_for(threads, work, 7, seconds=0) == 7


async def test_work_does_not_start_for_a_disconnected_caller(threads: BoundedThreads) -> None:
    work, connection = Work(), CallerConnection()
    first = asyncio.create_task(run_for(threads, work, 0))
    await eventually(lambda: work.begun == [0])
    gone = asyncio.create_task(run_for(threads, work, 1, connection=connection))
    last = asyncio.create_task(run_for(threads, work, 2))
    await asyncio.sleep(0)

    connection.is_closed = True
    work.may_end.set()

    with pytest.raises(CallerGoneError):
        await gone
    assert await asyncio.gather(first, last) == [0, 2]
    assert work.begun == [0, 2]


async def test_a_cancelled_caller_frees_its_place_in_the_queue(threads: BoundedThreads) -> None:
    work = Work()
    first = asyncio.create_task(run_for(threads, work, 0))
    await eventually(lambda: work.begun == [0])
    waiting = [asyncio.create_task(run_for(threads, work, number)) for number in range(1, 11)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await run_for(threads, work, 11)

    waiting[0].cancel()
    await asyncio.sleep(0)
    work.may_end.set()

    assert await run_for(threads, work, 12) == 12
    assert 1 not in work.begun
    await asyncio.gather(first, *waiting, return_exceptions=True)


async def test_each_idle_thread_returns_its_freed_memory_to_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each of them, since each has an arena of its own"""
    returned: list[int] = []
    monkeypatch.setattr(bounded_threads, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(bounded_threads, "BARRIER_SECONDS", 60)
    monkeypatch.setattr(
        bounded_threads, "return_freed_memory", lambda: returned.append(threading.get_ident())
    )
    two_threads = BoundedThreads(threads=2, queue=1)

    assert await two_threads.run(lambda: 1) == 1
    await eventually(lambda: len(set(returned)) == 2)

    two_threads.close()
