"""Recovery codes: 80 random bits in a form that people can read, write down and type."""

import hashlib
import secrets

from app.security.text import typed_code

LENGTH = 16
GROUP = 4
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 characters, 5 bits each, without characters that look alike."""
_ALPHABET = frozenset(ALPHABET)


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """Return the code in groups of four: `xxxx-xxxx-xxxx-xxxx`."""
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def normalize(text: str) -> str | None:
    """Return the code a user typed, in any case and spacing, or None if it is not a code."""
    code = typed_code(text).lower()
    return code if len(code) == LENGTH and _ALPHABET.issuperset(code) else None


def digest_of(user_id: str, code: str) -> bytes:
    """Return the stored form of a user's code. 80 bits cannot be guessed, so the hash is fast."""
    return hashlib.sha256(f"{user_id}:{code}".encode()).digest()
