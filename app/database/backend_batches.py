"""Micro-batches that run on a backend, with its concurrency limits and retries."""

from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from app.concurrency.places import Places
from app.database.backends import Backend
from app.database.batching import MAXIMUM_ROWS, MicroBatch
from app.database.waiting import Item, Result

ResultOut = TypeVar("ResultOut", covariant=True)


class RunOnBackend(Protocol[Item, ResultOut]):
    """Run items on the backend; `again` is true when they are retried after waiting for a lock."""

    def __call__(
        self, items: list[Item], /, *, again: bool = False
    ) -> Awaitable[Sequence[ResultOut | Exception]]: ...


def batch_on(
    backend: Backend,
    run: RunOnBackend[Item, Result],
    *,
    places: Places,
    forgets_lost_callers: bool,
    maximum_rows: int = MAXIMUM_ROWS,
) -> MicroBatch[Item, Result]:
    """Return a `MicroBatch` that waits for one of `places` before it runs."""
    return MicroBatch(
        run,
        in_flight=backend.concurrent_batches,
        time_limit=backend.time_limit,
        retries=backend.retries,
        run_again=partial(run, again=True),
        maximum_rows=maximum_rows,
        places=places,
        forgets_lost_callers=forgets_lost_callers,
    )
