"""Argon2id hashing in a thread pool of its own."""

from dataclasses import dataclass

from app.concurrency.bounded_threads import BoundedThreads
from app.security.passwords import MAXIMUM_LENGTH, PasswordScheme, has_password
from app.security.tokens import new_identifier


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """Whether a password is correct, and its new hash if it is and the stored one is outdated."""

    is_right: bool
    new_hash: str | None = None


class PasswordHashing:
    """Hashes and verifies passwords; raises `OverloadedError` if too many are queued."""

    def __init__(self, scheme: PasswordScheme, threads: BoundedThreads) -> None:
        self._scheme = scheme
        self._threads = threads
        self._dummy_hash: str | None = None

    async def hash(self, password: str) -> str:
        return await self._threads.run(self._scheme.hash, password)

    async def check(self, password: str, password_hash: str | None) -> PasswordCheck:
        """Check a password.

        Without a hash, or for a user without a password, it takes as long and is wrong, so that
        timing does not reveal which users exist. For an outdated hash it takes longer than that
        (decision 0035), but as long for a right password as for a wrong one, because the new hash
        is computed here, before anything else can refuse the sign-in.
        """
        if len(password) > MAXIMUM_LENGTH:
            return PasswordCheck(is_right=False)  # the caller knows the length
        return await self._threads.run(self._check, password, password_hash)

    def _check(self, password: str, password_hash: str | None) -> PasswordCheck:
        if password_hash is not None and has_password(password_hash):
            is_right = self._scheme.verify(password, password_hash)
            if not self._scheme.is_outdated(password_hash):
                return PasswordCheck(is_right)
            if is_right:
                return PasswordCheck(is_right, self._scheme.hash(password))
        if self._dummy_hash is None:
            self._dummy_hash = self._scheme.hash(new_identifier())
        self._scheme.verify(password, self._dummy_hash)
        return PasswordCheck(is_right=False)
