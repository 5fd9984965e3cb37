"""Which passwords users and administrators may set."""

import asyncio
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from app.details import Detail
from app.errors import InvalidInputError
from app.models.accounts.users import User
from app.security import passwords
from app.services.accounts.password_hashing import PasswordHashing

COMMON_WARNING = (
    "This password is on the lists that attackers try first. It would be refused in production."
)


class NewPassword(NamedTuple):
    """The hash of an acceptable password, and a warning about it."""

    password_hash: str
    warning: str | None


class NewPasswords:
    """Rules for new passwords.

    `blocklist_file` has the operator's own list, which is always refused. Common passwords are
    refused if `refuses_common`, otherwise they cause a warning.
    """

    def __init__(
        self,
        password_hashing: PasswordHashing,
        *,
        minimum_length: int,
        blocklist_file: Path | None,
        refuses_common: bool,
    ) -> None:
        self._password_hashing = password_hashing
        self.minimum_length = minimum_length
        self._blocklist_file = blocklist_file
        self._refuses_common = refuses_common

    async def hash(self, password: str, *, names: Iterable[str]) -> NewPassword:
        """Return the hash of an acceptable password; raise `InvalidInputError` for any other.

        `names` are the names by which the user is known.
        """
        warning = await self._check(password, names)
        return NewPassword(await self._password_hashing.hash(password), warning)

    async def hash_for(self, user: User, password: str) -> str:
        """Return the hash of an acceptable password of a user; raise as `hash` does."""
        names = [user.username, *names_in(user.standard_claims.email)]
        return (await self.hash(password, names=names)).password_hash

    async def _check(self, password: str, names: Iterable[str]) -> str | None:
        """Return a warning for a common password, which production refuses, otherwise None."""
        problem = passwords.problem_with(password, minimum_length=self.minimum_length)
        if problem is not None:
            raise InvalidInputError(
                problem,
                error="invalid_password",
                field="password",
                values={"minimum": self.minimum_length},
            )
        if passwords.is_own_name(password, names):
            raise InvalidInputError(Detail.PASSWORD_IS_OWN_NAME, field="password")
        is_blocked, is_common = await asyncio.to_thread(self._is_listed, password)
        if is_blocked:
            raise InvalidInputError(Detail.PASSWORD_IS_BLOCKED, field="password")
        if is_common and self._refuses_common:
            raise InvalidInputError(Detail.PASSWORD_IS_COMMON, field="password")
        return COMMON_WARNING if is_common else None

    def _is_listed(self, password: str) -> tuple[bool, bool]:
        """Return whether the operator's list has a password, and the built-in list.

        The first call reads the files.
        """
        return passwords.folded(password) in self._blocklist, passwords.is_common(password)

    @cached_property
    def _blocklist(self) -> frozenset[str]:
        if self._blocklist_file is None:
            return frozenset()
        lines = self._blocklist_file.read_text(encoding="utf-8").splitlines()
        return frozenset(passwords.folded(line.strip()) for line in lines)


def names_in(email: str | None) -> list[str]:
    """Return the names in an address that a stranger would try as a password."""
    return [email, email.partition("@")[0]] if email else []
