"""Password hashes of other systems, which imported users bring along.

A hash is converted to its normal form once, when it is imported. A user who signs in with it gets a
hash of ours instead.
"""

from app.security.foreign_hashes.decoding import ForeignHashError
from app.security.foreign_hashes.formats import parse


def normal_form(text: str) -> str:
    """Return the form in which a hash is stored.

    Raise `ForeignHashError` if its format is unknown, or if verifying it would take too much.
    """
    return parse(text).normal_form


def verify(password: str, password_hash: str) -> bool:
    """Return whether a password matches a hash in its normal form. Slow: call it in a thread.

    Raise `ForeignHashError` for any other text.
    """
    return parse(password_hash).matches(password.encode())


__all__ = ["ForeignHashError", "normal_form", "verify"]
