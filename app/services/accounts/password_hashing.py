"""Argon2id hashing in a thread pool of its own."""

from app.concurrency.bounded_threads import BoundedThreads
from app.security.passwords import MAXIMUM_LENGTH, PasswordScheme, has_password
from app.security.tokens import new_identifier


class PasswordHashing:
    """Hashes and verifies passwords; raises `OverloadedError` if too many are queued."""

    def __init__(self, scheme: PasswordScheme, threads: BoundedThreads) -> None:
        self._scheme = scheme
        self._threads = threads
        self._dummy_hash: str | None = None

    async def hash(self, password: str) -> str:
        return await self._threads.run(self._scheme.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Return whether a password is correct.

        Without a hash, or for a user without a password, it takes as long and returns False, so
        that timing does not reveal which users exist. A wrong password for an imported hash takes
        longer than that (decision 0035).
        """
        if len(password) > MAXIMUM_LENGTH:
            return False  # the caller knows the length, so timing reveals nothing
        return await self._threads.run(self._verify, password, password_hash)

    def is_outdated(self, password_hash: str) -> bool:
        return self._scheme.is_outdated(password_hash)

    def _verify(self, password: str, password_hash: str | None) -> bool:
        if password_hash is not None and has_password(password_hash):
            if self._scheme.verify(password, password_hash):
                return True
            if not self._scheme.is_outdated(password_hash):
                return False  # otherwise a right password would take longer, to be hashed again
        if self._dummy_hash is None:
            self._dummy_hash = self._scheme.hash(new_identifier())
        self._scheme.verify(password, self._dummy_hash)
        return False
