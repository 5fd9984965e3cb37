"""Checks of users against the database and the rest of their file."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.models.accounts.users import User
from app.repositories.accounts.groups import GroupRepository
from app.repositories.accounts.imports import UserImportRepository
from app.schemas.groups import group_key
from app.schemas.imported_users import ImportedUser
from app.security.mailboxes import typed_email_key
from app.security.passwords import NO_PASSWORD
from app.services.accounts.imports.candidates import Candidate, Problem, Report, shown
from app.services.accounts.imports.file_names import FileNames

TAKEN = "username: is taken by another account"


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to store, and the groups that they join."""

    user: ImportedUser
    group_ids: Sequence[str]


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
        self, user_import_repository: UserImportRepository, group_repository: GroupRepository
    ) -> None:
        self._user_import_repository = user_import_repository
        self._group_repository = group_repository
        self._file_names = FileNames()
        self._group_ids: dict[str, str | None] = {}

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
                group_ids, unknown = await self._groups_of(each.user)
                problems += unknown
                if not problems:
                    batch.new.append(NewUser(each.user, group_ids))
            self._file_names.add(each)
            batch.present += is_present
            for message in problems:
                report(Problem(each.place, message))
        return batch

    async def _groups_of(self, user: ImportedUser) -> tuple[Sequence[str], Sequence[str]]:
        """Return the ids of the user's groups, and a problem for each that is unknown."""
        group_ids, problems = [], []
        for name in user.groups:
            group_id = await self._group_id_of(name)
            if group_id is None:
                problems.append(f"groups: there is no group {shown(name)}")
            else:
                group_ids.append(group_id)
        return list(dict.fromkeys(group_ids)), problems

    async def _group_id_of(self, name: str) -> str | None:
        key = group_key(name)
        if key not in self._group_ids:
            group = await self._group_repository.find_by_name(key)
            self._group_ids[key] = group.group_id if group is not None else None
        return self._group_ids[key]


def _is_same(user: User, imported: ImportedUser) -> bool:
    """Return whether a user was stored by an earlier import of the same file."""
    return (
        user.username == imported.username.spelling
        and user.password_hash == (imported.password_hash or NO_PASSWORD)
        and user.claim_values == imported.stored_claims()
    )
