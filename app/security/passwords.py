"""Argon2id hashing, and rules for passwords (NIST SP 800-63B, RFC 8265 section 4).

Hashes of imported users may be of other kinds until they sign in: see `foreign_hashes`.

Hashing takes tens of milliseconds: call it in a thread, as
`app.services.accounts.password_hashing` does.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from passlib.hash import argon2

from app.security import foreign_hashes

MINIMUM_LENGTH = 8
MAXIMUM_LENGTH = 256
OWN_PREFIX = "$argon2id$"
NO_PASSWORD = "!"
"""Stored instead of a hash for users without a password. It matches no password."""
SHORTEST_NAME = 4
FURTHER_CHARACTERS = 4
"""Characters that a password needs besides a name of the user it contains."""
COMMON_PASSWORDS = Path(__file__).with_name("common_passwords.txt")
"""Written by `tools.common_passwords`. Lines that begin with `#` are comments."""


class PasswordScheme:
    """Argon2id with the operator's parameters."""

    def __init__(self, *, memory_kib: int, time_cost: int, parallelism: int) -> None:
        self._argon2 = argon2.using(  # type: ignore[no-untyped-call]  # untyped in its stubs
            type="ID", memory_cost=memory_kib, time_cost=time_cost, parallelism=parallelism
        )

    def hash(self, password: str) -> str:
        return str(self._argon2.hash(prepare(password)))

    def verify(self, password: str, password_hash: str) -> bool:
        """Return False for a wrong password, and for text that can never be a password.

        Other systems hash a password as it is typed, so for an outdated hash that is verified, too,
        even if the first spelling matches: a right password costs as much as a wrong one.
        """
        spellings = [prepare(password)]
        if password not in spellings and self.is_outdated(password_hash):
            spellings.append(password)
        results = [self._matches(spelling, password_hash) for spelling in spellings]
        return True in results

    def is_outdated(self, password_hash: str) -> bool:
        """Return whether a hash is of another kind or was created with other parameters."""
        try:
            return bool(self._argon2.needs_update(password_hash))
        except ValueError:
            return True

    def _matches(self, password: str, password_hash: str) -> bool:
        verify = (
            self._argon2.verify if password_hash.startswith(OWN_PREFIX) else foreign_hashes.verify
        )
        try:
            return bool(verify(password, password_hash))
        except (ValueError, UnicodeError):
            return False


def prepare(password: str) -> str:
    """Apply a subset of the OpaqueString profile: composed Unicode, all kinds of space the same."""
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in password)
    return unicodedata.normalize("NFC", spaced)


def problem_with(password: str, *, minimum_length: int = MINIMUM_LENGTH) -> str | None:
    """Return why a string cannot be a password, as a sentence for the user; None if it can.

    `%(minimum)s` in the sentence stands for the minimum length.
    """
    if not minimum_length <= len(password) <= MAXIMUM_LENGTH:
        return f"A password must have %(minimum)s to {MAXIMUM_LENGTH} characters."
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in password):
        return "A password can't contain control characters."
    return None


def has_password(password_hash: str) -> bool:
    """Return whether the user has set a password."""
    return password_hash != NO_PASSWORD


def is_common(password: str) -> bool:
    """Return whether a password is on the list of the 30,000 most common ones.

    The first call reads a file: call it in a thread.
    """
    return prepare(password).lower() in _common_passwords()


@lru_cache(maxsize=1)
def _common_passwords() -> frozenset[str]:
    lines = COMMON_PASSWORDS.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def is_own_name(password: str, names: Iterable[str]) -> bool:
    """Return whether a password is a name of the user, or little more, in any case and width."""
    text = folded(password)
    for name in map(folded, names):
        remainder = text.replace(name, "") if len(name) >= SHORTEST_NAME else text
        if text == name or (remainder != text and len(remainder) < FURTHER_CHARACTERS):
            return True
    return False


def folded(text: str) -> str:
    """Return a text in one case and width, so that its spellings can be compared."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
