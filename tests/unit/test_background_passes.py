"""Passes of background loops that tests run beside those of the server."""

import asyncio

from tests.support.background import ExclusivePass


class Passes:
    """A pass that ends when the test wants, and how many are in progress."""

    def __init__(self) -> None:
        self.in_progress = self.ended = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.in_progress += 1
        assert self.in_progress == 1
        await self.may_end.wait()
        self.in_progress -= 1
        self.ended += 1
        return self.ended


async def test_a_pass_begins_when_the_one_before_has_ended() -> None:
    passes = Passes()
    run_once = ExclusivePass(passes, asyncio.Lock())
    first, second = asyncio.create_task(run_once()), asyncio.create_task(run_once())
    await asyncio.sleep(0)
    passes.may_end.set()

    assert (await first, await second) == (1, 2)


async def test_waiting_ends_with_the_pass_in_progress() -> None:
    passes = Passes()
    run_once = ExclusivePass(passes, asyncio.Lock())
    running = asyncio.create_task(run_once())
    await asyncio.sleep(0)
    waiting = asyncio.create_task(run_once.wait())
    await asyncio.sleep(0)
    has_waited_too_little = waiting.done()
    passes.may_end.set()
    await waiting

    assert not has_waited_too_little
    assert passes.ended == 1
    await running
