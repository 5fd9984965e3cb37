"""Single-flight lookups."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from app.concurrency.deadline import not_counted

Value = TypeVar("Value")


class SingleFlight(Generic[Value]):
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
