"""Calls of concurrent callers that are made one after another."""

import asyncio

from app.concurrency.batched_calls import BatchedCalls


class Doubling:
    """A function that notes the numbers that it is called with, and refuses the negative ones."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def __call__(self, number: int, *, times: int = 2) -> int:
        self.numbers.append(number)
        if number < 0:
            raise ValueError(number)
        return number * times


async def test_callers_of_one_turn_get_their_own_results_in_order() -> None:
    double = Doubling()
    calls = BatchedCalls(double)
    answered: list[int] = []

    async def caller(number: int) -> int:
        result = await calls(number, times=3)
        assert double.numbers == [2, 0, 1], "a caller continued before all calls were made"
        answered.append(number)
        return result

    assert await asyncio.gather(*(caller(number) for number in (2, 0, 1))) == [6, 0, 3]
    assert answered == [2, 0, 1]


async def test_an_exception_is_raised_to_the_caller_of_that_call_only() -> None:
    calls = BatchedCalls(Doubling())

    first, failed, last = await asyncio.gather(
        calls(1), calls(-1), calls(2), return_exceptions=True
    )

    assert (first, last) == (2, 4)
    assert isinstance(failed, ValueError)
    assert failed.args == (-1,)


async def test_a_call_of_a_cancelled_caller_is_not_made() -> None:
    double = Doubling()
    calls = BatchedCalls(double)
    tasks = [asyncio.create_task(calls(number)) for number in (1, 2, 3)]
    await asyncio.sleep(0)

    tasks[1].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert (outcomes[0], outcomes[2]) == (2, 6)
    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert double.numbers == [1, 3]


async def test_a_call_of_a_single_caller_is_made_in_the_next_turn() -> None:
    double = Doubling()
    calls = BatchedCalls(double)
    task = asyncio.create_task(calls(1))

    await asyncio.sleep(0)
    assert double.numbers == []

    await asyncio.sleep(0)
    assert double.numbers == [1]
    assert await task == 2


async def test_a_caller_that_continues_can_call_again() -> None:
    calls = BatchedCalls(Doubling())

    async def caller(number: int) -> int:
        return await calls(await calls(number))

    assert await asyncio.gather(*(caller(number) for number in (1, 2))) == [4, 8]


async def test_a_function_may_call_for_the_next_turn() -> None:
    """Else calls that arrive while the others are made would be lost"""
    tasks: list[asyncio.Task[int]] = []
    calls: BatchedCalls[[int], int]

    def function(number: int) -> int:
        if number == 1:
            tasks.append(asyncio.create_task(calls(2)))
        return number

    calls = BatchedCalls(function)

    assert await calls(1) == 1
    assert await asyncio.wait_for(tasks[0], 1) == 2


async def test_a_panic_of_native_code_does_not_leave_the_others_waiting() -> None:
    """`cryptography` raises one as a `BaseException`."""

    class PanicError(BaseException):
        pass

    def function(number: int) -> int:
        if number == 1:
            raise PanicError
        return number

    calls = BatchedCalls(function)

    async def caller(number: int) -> int | None:
        try:
            return await calls(number)
        except PanicError:
            return None

    assert await asyncio.gather(*(caller(number) for number in (0, 1, 2))) == [0, None, 2]
