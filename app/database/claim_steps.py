"""Batched claims: many callers each claim a row in one statement."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from app.database.backend_batches import batch_on
from app.database.backends import Backend
from app.database.batching import MAXIMUM_ROWS, WORTH_ANOTHER_BATCH, MicroBatch
from app.database.claims import CompiledClaim
from app.database.statements import Values, Written

SHARED_ROWS = WORTH_ANOTHER_BATCH
"""The size of a batch if several run at once. With one large batch of all callers, the server and
the database would alternately wait for each other."""


class ClaimStep:
    """A claim that runs in batches; it is idempotent. `compiled` is called for the first batch."""

    def __init__(self, backend: Backend, compiled: Callable[[], CompiledClaim]) -> None:
        self._backend = backend
        self._compile = compiled
        self._batch: MicroBatch[Mapping[str, Any], Values | None] = batch_on(
            backend,
            self._run,
            places=backend.writing_places,
            forgets_lost_callers=True,
            maximum_rows=MAXIMUM_ROWS if backend.concurrent_batches == 1 else SHARED_ROWS,
        )

    @cached_property
    def _compiled(self) -> CompiledClaim:
        return self._compile()

    async def __call__(self, **values: Any) -> bool:
        """Return whether this caller won the row; if so, the rows it stores have been committed."""
        return await self._batch.submit(values) is not None

    async def drain(self) -> None:
        await self._batch.drain()

    async def _run(self, rows: list[Mapping[str, Any]], *, again: bool = False) -> Written:
        return await self._backend.write(self._compiled, rows, None, again=again)
