"""Single-flight lookups."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from typing import Any, Generic, TypeVar

from app.concurrency.deadline import not_counted

Value = TypeVar("Value")


class SingleFlight(Generic[Value]):
    """Single flight: concurrent calls for the same name share one result.

    Cancelling one caller does not affect the others. `is_outbound` excludes the wait from the
    callers' deadlines; it must be false if the fetch reads the database.
    """

    def __init__(
        self, fetch: Callable[[str], Coroutine[Any, Any, Value]], *, is_outbound: bool
    ) -> None:
        self._fetch = fetch
        self._uncounted = not_counted if is_outbound else nullcontext
        self._under_way: dict[str, asyncio.Task[Value]] = {}

    async def __call__(self, name: str) -> Value:
        task = self._under_way.get(name)
        if task is None or task.done():  # a finished result may be outdated
            task = self._under_way[name] = asyncio.create_task(self._fetch(name))
            task.add_done_callback(lambda done: self._end(name, done))
        with self._uncounted():
            return await asyncio.shield(task)

    def _end(self, name: str, task: asyncio.Task[Value]) -> None:
        if self._under_way.get(name) is task:
            del self._under_way[name]
        if not task.cancelled():
            task.exception()  # avoids a warning if no caller is left
