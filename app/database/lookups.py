"""Batched lookups of one row by key."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from typing import Any, Generic, TypeVar

from sqlalchemy import Select

from app.database.backend_batches import batch_on
from app.database.backends import Backend
from app.database.batching import MicroBatch
from app.database.errors import UnstorableValueError
from app.database.joined import current_connection
from app.database.sqlite import WouldWaitError
from app.database.statements import CompiledLookup, Values

Value = TypeVar("Value")


class Lookup(Generic[Value]):
    """Lookup of one row by key; it sees everything that was committed before the call.

    SQLite is read synchronously, once for each key and iteration of the event loop: callers in the
    same iteration share the result, which is newer than any of their requests. On PostgreSQL,
    lookups that arrive while another one is running are sent together. Inside `joined_by` it sees
    what the transaction has changed; `of_one` returns the query for one key. `compiled` is called
    for the first lookup.
    """

    def __init__(
        self,
        backend: Backend,
        compiled: Callable[[], CompiledLookup],
        *,
        of_one: Callable[[Any], Select[Any]],
        value: Callable[..., Value],
    ) -> None:
        self._backend = backend
        self._compile = compiled
        self._of_one = of_one
        # named tuples have a function that takes no more time for many columns
        self._value_of: Callable[[Iterable[Any]], Value] = getattr(
            value, "_make", lambda row: value(*row)
        )
        self._of_this_turn: dict[Any, Value | None] = {}
        self._batch: MicroBatch[Any, Value | None] = batch_on(
            backend, self._run, places=backend.reading_places, forgets_lost_callers=True
        )

    @cached_property
    def _compiled(self) -> CompiledLookup:
        return self._compile()

    async def __call__(self, key: Any) -> Value | None:
        outer = current_connection()
        if outer is not None:
            joined_row = (await outer.execute(self._of_one(key))).first()
            return self._value_of(joined_row) if joined_row is not None else None
        find_at_once = self._backend.find_at_once
        if find_at_once is None:
            return await self._batch.submit(key)
        if key in self._of_this_turn:
            return self._of_this_turn[key]
        try:
            row = find_at_once(self._compiled, key)
        except WouldWaitError:
            return await self._batch.submit(key)
        value = self._value_of(row) if row is not None else None
        if not self._of_this_turn:
            asyncio.get_running_loop().call_soon(self._of_this_turn.clear)
        self._of_this_turn[key] = value
        return value

    async def drain(self) -> None:
        await self._batch.drain()

    async def _run(self, keys: list[Any], *, again: bool = False) -> list[Value | Exception | None]:
        try:
            rows = await self._backend.look_up(self._compiled, keys, again=again)
        except UnstorableValueError:
            rows = await self._one_by_one(keys)
        values = {key: self._value_of(row) for key, row in rows.items()}
        return [values.get(key) for key in keys]

    async def _one_by_one(self, keys: list[Any]) -> dict[Any, Values]:
        """Look up each key by itself; one that the database cannot hold is not found."""
        rows = {}
        for key in keys:
            with suppress(UnstorableValueError):
                rows.update(await self._backend.look_up(self._compiled, [key]))
        return rows
