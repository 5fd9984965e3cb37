"""Making the changes of a plan, in one transaction."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from app.concurrency import deadline
from app.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StaleVersionError,
)
from app.repositories.operations.desired_state import DesiredStateRepository
from app.services.operations.authority import Authority
from app.services.operations.desired_state.changes import Change, Plan
from app.services.operations.desired_state.kinds.base import AnyKind
from app.services.operations.desired_state.problems import InvalidFilesError

LONGEST_SECONDS = 60.0
"""Time for all changes, which other writers may have to wait for."""


class Applier:
    def __init__(
        self, kinds: Sequence[AnyKind], desired_state_repository: DesiredStateRepository
    ) -> None:
        self._kinds = kinds
        self._desired_state_repository = desired_state_repository

    async def apply(self, plan: Plan, *, is_rehearsal: bool = False, authority: Authority) -> None:
        """Make all changes or none. A rehearsal makes none, but is refused as they would be.

        Raise `StaleVersionError` if an object was changed since it was planned, `InvalidFilesError`
        for what cannot be stored, and `ConflictError`.
        """
        authority.require_full()
        if not plan.changes:
            return

        async def work() -> None:
            await self._require_unchanged(plan)
            await _unlink(plan, authority)
            for change in reversed(plan.of("delete")):
                with _named(change):
                    if change.before is not None:
                        await change.kind.delete(change.before, authority)
            stated = plan.of("create", "change")
            for change in stated:
                with _named(change):
                    await _store(change, authority)
            for change in stated:
                with _named(change):
                    await change.kind.link(change.step(authority))

        deadline.begin(time.perf_counter() + LONGEST_SECONDS)
        try:
            await self._desired_state_repository.run(work, is_rehearsal=is_rehearsal)
        finally:
            deadline.end()

    async def _require_unchanged(self, plan: Plan) -> None:
        for kind in self._kinds:
            versions = {
                change.before.row_id: change.before.version
                for change in plan.changes
                if change.kind is kind and change.before is not None
            }
            if versions and not await self._desired_state_repository.lock(kind.table, versions):
                raise StaleVersionError


async def _unlink(plan: Plan, authority: Authority) -> None:
    """Remove references to what is deleted from everything that changes or is deleted."""
    deleted = {
        (change.kind.section, change.before.key)
        for change in plan.of("delete")
        if change.before is not None
    }
    for change in plan.of("change", "delete"):
        if deleted and change.before is not None:
            names = frozenset(member.name for member in change.members)
            with _named(change):
                await change.kind.unlink(
                    change.before,
                    changed=None if change.action == "delete" else names,
                    deleted=deleted,
                    authority=authority,
                )


async def _store(change: Change, authority: Authority) -> None:
    step = change.step(authority)
    if change.before is None:
        await change.kind.create(step)
    else:
        await change.kind.change(step, change.before)


@contextmanager
def _named(change: Change) -> Iterator[None]:
    """Say in an error which object it is about, and where that is stated."""
    try:
        yield
    except (InvalidInputError, NotFoundError) as error:
        if change.entry is None:
            raise ConflictError(f"{change.title}: {error.detail}") from error
        raise InvalidFilesError([change.entry.problem_of(error)]) from error
    except ConflictError as error:
        raise ConflictError(f"{change.title}: {error.detail}") from error
