"""Claims as repositories use them: batches of callers that each want to use a row."""

from collections.abc import Mapping
from typing import Any

from app.database.backend_batches import batch_on
from app.database.backends import Backend
from app.database.batching import MAXIMUM_ROWS, WORTH_ANOTHER_BATCH, MicroBatch
from app.database.claims import CompiledClaim
from app.database.statements import Values, Written

SHARED_ROWS = WORTH_ANOTHER_BATCH
"""The size of a batch where several may be under way. With one large batch of all callers, server
and database would wait for each other in turn."""


class ClaimStep:
    """A claim whose callers travel in batches; repeating it changes nothing."""

    def __init__(self, backend: Backend, claim: CompiledClaim) -> None:
        self._backend = backend
        self._compiled = claim
        self._batch: MicroBatch[Mapping[str, Any], Values | None] = batch_on(
            backend,
            self._run,
            places=backend.writing_places,
            forgets_lost_callers=True,
            maximum_rows=MAXIMUM_ROWS if backend.concurrent_batches == 1 else SHARED_ROWS,
        )

    async def __call__(self, **values: Any) -> bool:
        """Return whether this caller used the row; what it yields has been committed then."""
        return await self._batch.submit(values) is not None

    async def drain(self) -> None:
        await self._batch.drain()

    async def _run(self, rows: list[Mapping[str, Any]], *, again: bool = False) -> Written:
        return await self._backend.write(self._compiled, rows, None, again=again)
