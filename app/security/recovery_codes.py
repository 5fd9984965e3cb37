"""Recovery codes: 80 random bits that people can read, write down and type."""

import hashlib
import secrets

from app.security.text import typed_code

LENGTH = 16
GROUP = 4
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 characters, 5 bits each, without those that look alike."""
_ALPHABET = frozenset(ALPHABET)


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """In groups of four: `xxxx-xxxx-xxxx-xxxx`."""
    return "-".join(code[place : place + GROUP] for place in range(0, LENGTH, GROUP))


def normalize(text: str) -> str | None:
    """The code in what somebody typed, in any case and however spaced; None if there is none."""
    code = typed_code(text).lower()
    return code if len(code) == LENGTH and _ALPHABET.issuperset(code) else None


def digest_of(user_id: str, code: str) -> bytes:
    """The form in which a code of a person is stored. Nobody guesses 80 bits: no slow hash."""
    return hashlib.sha256(f"{user_id}:{code}".encode()).digest()
