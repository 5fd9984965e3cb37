"""Batches that a backend runs, in its places and with its retries."""

from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from app.database.backends import Backend
from app.database.batching import MAXIMUM_ROWS, MicroBatch
from app.database.waiting import Item, Result
from app.places import Places

ResultOut = TypeVar("ResultOut", covariant=True)


class RunOnBackend(Protocol[Item, ResultOut]):
    """Run items on the backend; `again` after a lock held them up."""

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
    """Return a batch that waits for one of `places`; see `MicroBatch`."""
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
