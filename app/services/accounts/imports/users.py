"""Import of users: all of a file is checked before anything is stored."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.details import Detail
from app.errors import ConflictError, PosternError, UnavailableError
from app.repositories.accounts.imports import UserImportRepository
from app.schemas.admin_scopes import AdminScope
from app.services.accounts.events import AccountEvent
from app.services.accounts.imports.candidates import Problem, Report, Source, next_batch
from app.services.accounts.imports.checks import Batch, Checks, NewUser
from app.services.accounts.imports.references import ReferenceChecks
from app.services.accounts.imports.rows import ImportedRows
from app.services.operations.audit import AuditLog
from app.services.operations.authority import Authority

BATCH = 200
"""Users in a transaction."""


@dataclass(slots=True)
class Checked:
    """Numbers of users: to import, and already imported from the same file; and of problems.

    `candidates` is the number of all users of the file.
    """

    new: int = 0
    present: int = 0
    problems: int = 0
    candidates: int = 0


class UserImport:
    """Import of users, who can sign in at once, with the password of the earlier server."""

    def __init__(
        self,
        *,
        user_import_repository: UserImportRepository,
        new_reference_checks: Callable[[], ReferenceChecks],
        rows: ImportedRows,
        audit: AuditLog,
    ) -> None:
        self._user_import_repository = user_import_repository
        self._new_reference_checks = new_reference_checks
        self._rows = rows
        self._audit = audit

    async def check(self, source: Source, report: Report, *, authority: Authority) -> Checked:
        """Check every user, report every problem, and store nothing."""
        authority.require(AdminScope.USERS_WRITE)
        checked = Checked()

        def count(problem: Problem) -> None:
            checked.problems += 1
            report(problem)

        async for batch in self._batches(source, count):
            _require_scopes(batch, authority)
            checked.candidates += batch.candidates
            checked.new += len(batch.new)
            checked.present += batch.present
        return checked

    async def store(
        self,
        source: Source,
        *,
        candidates: int,
        skips_invalid: bool,
        authority: Authority,
        last: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Store the users of a source that was checked, and do what comes `last`.

        Raise `ConflictError` if there is a problem, unless `skips_invalid`, or if the source no
        longer has the number of `candidates` that were checked. Whatever is raised, no user is left
        behind, unless it is an `UnavailableError` that says so.
        """
        authority.require(AdminScope.USERS_WRITE)
        stored_ids: list[str] = []

        def refuse(problem: Problem) -> None:
            if not skips_invalid:
                raise ConflictError(Detail.IMPORT_OVERTAKEN, reason=problem.message)

        try:
            async for batch in self._batches(source, refuse):
                _require_scopes(batch, authority)
                candidates -= batch.candidates
                await self._store(batch.new, stored_ids, authority)
            if candidates != 0:
                raise ConflictError(Detail.IMPORT_OVERTAKEN)
            if last is not None:
                await last()
        except BaseException:
            await self._undo(stored_ids)
            raise

    async def _batches(self, source: Source, report: Report) -> AsyncIterator[Batch]:
        candidates = source()
        checks = Checks(self._user_import_repository, self._new_reference_checks())
        while some := await asyncio.to_thread(next_batch, candidates, BATCH):
            yield await checks.run(some, report)

    async def _store(
        self, batch: Sequence[NewUser], stored_ids: list[str], authority: Authority
    ) -> None:
        """Store a batch. `stored_ids` gets its ids before, because the outcome may be unknown."""
        if not batch:
            return
        pairs = [(new, self._rows.user_of(new)) for new in batch]
        stored_ids += [user.user_id for _, user in pairs]
        if not await self._user_import_repository.add_all(
            [user for _, user in pairs],
            [each for new, user in pairs for each in self._rows.memberships_of(new, user)],
            grants=[each for new, user in pairs for each in self._rows.grants_of(new, user)],
            attributes=[
                each for new, user in pairs for each in self._rows.attributes_of(new, user)
            ],
            is_full=authority.is_full,
            events=[authority.preparing(self._rows.event_of(new, user)) for new, user in pairs],
        ):
            raise ConflictError(Detail.IMPORT_OVERTAKEN)

    async def _undo(self, stored_ids: Sequence[str]) -> None:
        """Remove stored users; raise `UnavailableError` if that is not possible."""
        try:
            for start in range(0, len(stored_ids), BATCH):
                await self._user_import_repository.delete_all(
                    {
                        user_id: self._audit.event(
                            AccountEvent.USER_DELETED, user_id=user_id, reason="import_failed"
                        )
                        for user_id in stored_ids[start : start + BATCH]
                    }
                )
        except PosternError as error:
            raise UnavailableError(Detail.IMPORT_NOT_UNDONE) from error


def _require_scopes(batch: Batch, authority: Authority) -> None:
    if any(new.group_ids for new in batch.new):
        authority.require(AdminScope.GROUPS_WRITE)
    if any(new.role_ids for new in batch.new):
        authority.require(AdminScope.ROLES_WRITE)
