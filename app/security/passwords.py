"""Argon2id for passwords, and what a password may look like (NIST SP 800-63B, RFC 8265 section 4).

Hashing takes tens of milliseconds: call it in a thread, see `app.services.password_hashing`.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

from passlib.hash import argon2

MINIMUM_LENGTH = 8
MAXIMUM_LENGTH = 256
NO_PASSWORD = "!"
"""In the place of a hash: whoever signs in by other means only. No password has it."""
SHORTEST_NAME = 4
FURTHER_CHARACTERS = 4
"""What a password that holds a name of its owner needs beside it."""


class PasswordScheme:
    """Argon2id with the operator's parameters."""

    def __init__(self, *, memory_kib: int, time_cost: int, parallelism: int) -> None:
        self._argon2 = argon2.using(  # type: ignore[no-untyped-call]  # its stubs leave it open
            type="ID", memory_cost=memory_kib, time_cost=time_cost, parallelism=parallelism
        )

    def hash(self, password: str) -> str:
        return str(self._argon2.hash(prepare(password)))

    def verify(self, password: str, password_hash: str) -> bool:
        """False for a wrong password, and for anything that never could be one."""
        try:
            return bool(self._argon2.verify(prepare(password), password_hash))
        except (ValueError, UnicodeError):
            return False

    def is_outdated(self, password_hash: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return bool(self._argon2.needs_update(password_hash))


def prepare(password: str) -> str:
    """The OpaqueString profile in short: composed Unicode, every kind of space the same."""
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in password)
    return unicodedata.normalize("NFC", spaced)


def problem_with(password: str) -> str | None:
    """Says why a string cannot be a password, as a sentence for its owner; None if it can."""
    if not MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH:
        return f"A password has {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters."
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in password):
        return "A password has no control characters."
    return None


def has_password(password_hash: str) -> bool:
    """Whether its owner has set a password at all."""
    return password_hash != NO_PASSWORD


def is_common(password: str) -> bool:
    """Whether a password is on the list of 30,000 that attackers try first.

    The first time it reads a file: call it in a thread.
    """
    return prepare(password).lower() in _common_passwords()


@lru_cache(maxsize=1)
def _common_passwords() -> frozenset[str]:
    """Only this list of the package, which as a whole takes ten megabytes."""
    package = find_spec("zxcvbn")
    directory = Path(package.origin or "").parent if package is not None else Path()
    spec = spec_from_file_location("_frequency_lists", directory / "frequency_lists.py")
    if spec is None or spec.loader is None:
        raise ImportError("zxcvbn.frequency_lists")
    lists = module_from_spec(spec)
    spec.loader.exec_module(lists)
    return frozenset(lists.FREQUENCY_LISTS["passwords"])


def is_own_name(password: str, names: Iterable[str]) -> bool:
    """Whether a password is a name of its owner, or little more than one, in any case and width."""
    folded = _folded(password)
    for name in map(_folded, names):
        rest = folded.replace(name, "") if len(name) >= SHORTEST_NAME else folded
        if folded == name or (rest != folded and len(rest) < FURTHER_CHARACTERS):
            return True
    return False


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
