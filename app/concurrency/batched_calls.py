"""Short calculations of concurrent requests, made one after another.

Between two signatures, the rest of a request displaces the tables of the algorithm from the CPU
caches, so that a signature takes up to twice as long as in a loop. See docs/performance.md.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Call = tuple[asyncio.Future[Result], tuple[Any, ...], Mapping[str, Any]]
"""What a caller waits for, and the arguments of its call; a tuple for speed."""


class BatchedCalls(Generic[Parameters, Result]):
    """Calls of one function, made together for all callers of a turn of the event loop.

    They run in the next turn, in the order of arrival and in the thread of the event loop. An
    exception is raised to the caller of that call only. The call of a caller that is cancelled
    before is not made.
    """

    def __init__(self, function: Callable[Parameters, Result]) -> None:
        self._function = function
        self._waiting: list[Call[Result]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Return the result of a call with these arguments."""
        loop = self._loop
        if loop is None:  # cached: in Python 3.11 get_running_loop() makes a system call
            loop = self._loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._call)
        self._waiting.append((future, args, kwargs))
        return await future

    def _call(self) -> None:
        waiting, self._waiting = self._waiting, []
        function: Callable[..., Result] = self._function
        for future, arguments, named in waiting:
            if future.done():
                continue
            try:
                result = function(*arguments, **named)
            except BaseException as error:  # noqa: BLE001 - it is raised to the caller
                future.set_exception(error)
            else:
                future.set_result(result)
