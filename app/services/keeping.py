"""A bounded in-memory cache, and single-flight look-ups."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from app.deadline import not_counted

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Cache of at most `maximum` values; the value stored longest ago is evicted first."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._values: OrderedDict[str, Value] = OrderedDict()

    def get(self, name: str) -> Value | None:
        return self._values.get(name)

    def put(self, name: str, value: Value) -> None:
        self._values[name] = value
        self._values.move_to_end(name)
        if len(self._values) > self._maximum:
            self._values.popitem(last=False)


class OnceAtATime(Generic[Value]):
    """Single flight: concurrent calls for the same name share one result.

    Cancelling one caller does not affect the others.
    """

    def __init__(self, fetch: Callable[[str], Coroutine[Any, Any, Value]]) -> None:
        self._fetch = fetch
        self._under_way: dict[str, asyncio.Task[Value]] = {}

    async def __call__(self, name: str) -> Value:
        task = self._under_way.get(name)
        if task is None or task.done():  # a finished result may be outdated
            task = self._under_way[name] = asyncio.create_task(self._fetch(name))
            task.add_done_callback(lambda done: self._end(name, done))
        with not_counted():
            return await asyncio.shield(task)

    def _end(self, name: str, task: asyncio.Task[Value]) -> None:
        if self._under_way.get(name) is task:
            del self._under_way[name]
        if not task.cancelled():
            task.exception()  # avoids a warning if no caller is left
