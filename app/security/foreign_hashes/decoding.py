"""Decoding of the parts of a password hash."""

import base64

SALT_BYTES = range(1, 65)
HASH_BYTES = range(16, 65)
"""With these sizes every normal form fits the column of password hashes."""


class ForeignHashError(ValueError):
    """A password hash cannot be imported; the message is a sentence for the operator."""


def unsupported() -> ForeignHashError:
    return ForeignHashError("The format of the password hash is not supported.")


def from_base64(text: str) -> bytes:
    """Decode base64 with or without padding; a full stop means a plus, as in Passlib."""
    unpadded = text.rstrip("=").replace(".", "+")
    try:
        return base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True)
    except ValueError:
        raise unsupported() from None


def from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise unsupported() from None


def log2_of(number: int) -> int:
    """Return the binary logarithm of a power of two that is at least 2."""
    if number < 2 or number & (number - 1):
        raise unsupported()
    return number.bit_length() - 1


def checked_sizes(salt: bytes, derived: bytes) -> tuple[bytes, bytes]:
    """Return both if their lengths are supported."""
    if len(salt) not in SALT_BYTES or len(derived) not in HASH_BYTES:
        raise ForeignHashError(
            "The salt of the password hash must have 1 to 64 bytes, and the hash 16 to 64."
        )
    return salt, derived
