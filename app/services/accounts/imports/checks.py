"""Checks of users against the database and the rest of their file."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.models.accounts.users import User
from app.repositories.accounts.imports import UserImportRepository
from app.schemas.imported_users import ImportedUser
from app.security.mailboxes import typed_email_key
from app.security.passwords import NO_PASSWORD
from app.services.accounts.imports.candidates import Candidate, Problem, Report
from app.services.accounts.imports.file_names import FileNames
from app.services.accounts.imports.references import ReferenceChecks

TAKEN = "username: is taken by another account"


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to store, with the groups that they join and the roles that they get."""

    user: ImportedUser
    group_ids: Sequence[str]
    role_ids: Sequence[str]


@dataclass(slots=True)
class Batch:
    """The users of a batch without problems: new ones, and how many are stored already.

    `candidates` is the number of users with and without problems.
    """

    candidates: int
    new: list[NewUser] = field(default_factory=list)
    present: int = 0


class Checks:
    """The checks of one pass through a file. They remember the names so far."""

    def __init__(
        self, user_import_repository: UserImportRepository, reference_checks: ReferenceChecks
    ) -> None:
        self._user_import_repository = user_import_repository
        self._reference_checks = reference_checks
        self._file_names = FileNames()

    async def run(self, candidates: Sequence[Candidate], report: Report) -> Batch:
        """Return the users without problems, and report those of the others."""
        keys = [each.name.key for each in candidates if each.name is not None]
        existing = await self._user_import_repository.list_by_keys(keys)
        taken = {user.username_key: user for user in existing}
        addresses = {key: address for key in keys if (address := typed_email_key(key)) is not None}
        verified = await self._user_import_repository.list_verified(list(addresses.values()))
        batch = Batch(len(candidates))
        for each in candidates:
            problems, is_present = list(each.problems), False
            if each.name is not None:
                key, place = each.name.key, self._file_names.place_of(each.name)
                if place is not None:
                    problems.append(f"username: is the same as in {place}")
                elif key in taken:
                    is_present = each.user is not None and _is_same(taken[key], each.user)
                    problems += [] if is_present else [TAKEN]
                elif addresses.get(key, "") in verified:
                    problems.append(TAKEN)
                elif (problem := self._file_names.problem_with_name(each.name)) is not None:
                    problems.append(problem)
            if each.user is not None and not is_present:
                if (problem := self._file_names.problem_with_address(each.user)) is not None:
                    problems.append(problem)
                references = await self._reference_checks.of(each.user)
                problems += references.problems
                if not problems:
                    batch.new.append(NewUser(each.user, references.group_ids, references.role_ids))
            self._file_names.add(each)
            batch.present += is_present
            for message in problems:
                report(Problem(each.place, message))
        return batch


def _is_same(user: User, imported: ImportedUser) -> bool:
    """Return whether a user was stored by an earlier import of the same file."""
    return (
        user.username == imported.username.spelling
        and user.password_hash == (imported.password_hash or NO_PASSWORD)
        and user.claim_values == imported.stored_claims()
        and (user.is_disabled or not imported.disabled)  # it may have been disabled since
    )
