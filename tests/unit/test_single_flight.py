"""What is fetched once at a time."""

import asyncio
import time

import pytest

from app.concurrency import deadline
from app.concurrency.single_flight import SingleFlight


async def test_a_call_after_a_finished_fetch_starts_a_new_fetch() -> None:
    """Else who asks for a newer answer again and again never lets the event loop turn."""
    ended = asyncio.Event()
    fetches = 0

    async def fetch(_: str) -> int:
        nonlocal fetches
        fetches += 1
        ended.set()  # wakes the later caller before anybody learns that this fetch is done
        return fetches

    once = SingleFlight(fetch, is_outbound=True)

    async def call_later() -> int:
        await ended.wait()
        return await once("keys")

    later = asyncio.create_task(call_later())
    await asyncio.sleep(0)

    assert await once("keys") == 1
    assert await later == 2


async def test_concurrent_callers_share_a_fetch() -> None:
    fetches = 0

    async def fetch(_: str) -> int:
        nonlocal fetches
        fetches += 1
        await asyncio.sleep(0)
        return fetches

    once = SingleFlight(fetch, is_outbound=True)

    assert await asyncio.gather(*(once("keys") for _ in range(5))) == [1] * 5


@pytest.mark.parametrize("is_outbound", [True, False])
async def test_only_the_wait_for_another_machine_is_excluded_from_the_deadline(
    *, is_outbound: bool
) -> None:
    async def fetch(_: str) -> None:
        await asyncio.sleep(2 * deadline.WORTH_COUNTING)

    once = SingleFlight(fetch, is_outbound=is_outbound)
    instant = time.perf_counter() + 60
    deadline.begin(instant)

    await once("keys")

    caller = deadline.current_caller()
    assert caller is not None
    assert (caller[0] > instant) == is_outbound
