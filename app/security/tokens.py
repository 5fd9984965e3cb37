"""Secrets issued by the server: 256 bits of entropy, a prefix by kind, SHA-256 at rest.

The prefix lets leak scanners find them, and tells the server which table to query. A slow hash
would add nothing: 256 bits cannot be guessed.

A token also begins with its creation time in milliseconds, and so does its digest. Rows that are
stored together are then adjacent: with digests in random order each insert would write a page of
its own, which cost SQLite half its speed.
"""

import binascii
import hashlib
import hmac
import os
import secrets
import time
from enum import StrEnum

CLIENT_ID_LENGTH = 24
PREFIX_LENGTH = len("postern_at_")
OWN_PREFIX = b"postern_"
TIME_LENGTH = 6
SECRET_BYTES = 32
SECRETS_AT_ONCE = 128
TIME_SHIFT = 20  # nanoseconds to about a millisecond
_drawn: list[bytes] = []
os.register_at_fork(after_in_child=_drawn.clear)
_URLSAFE = bytes.maketrans(b"-_", b"+/")
_TO_URLSAFE = bytes.maketrans(b"+/", b"-_")
_ALPHANUMERIC = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class TokenKind(StrEnum):
    """Prefixes of the secrets; URLs and Basic headers leave their characters unchanged."""

    ACCESS_TOKEN = "postern_at_"
    REFRESH_TOKEN = "postern_rt_"
    PERSONAL_TOKEN = "postern_pt_"
    CLIENT_SECRET = "postern_cs_"
    AUTHORIZATION_CODE = "postern_ac_"
    DEVICE_CODE = "postern_dc_"
    SESSION = "postern_se_"
    REQUEST = "postern_ar_"
    REGISTRATION_TOKEN = "postern_rg_"
    INITIAL_ACCESS_TOKEN = "postern_ia_"
    ONE_TIME_LINK = "postern_ol_"
    REMEMBERED_BROWSER = "postern_rb_"

    def matches(self, token: str) -> bool:
        return token.startswith(self)


ACCESS_TOKEN, REFRESH_TOKEN = TokenKind.ACCESS_TOKEN, TokenKind.REFRESH_TOKEN
PERSONAL_TOKEN = TokenKind.PERSONAL_TOKEN
"""Constants for each request: Python 3.11 reads a member of an enumeration by a function."""


def new_token(kind: TokenKind) -> str:
    """Create a secret: its prefix, 6 bytes of time and 32 random bytes."""
    return token_of(kind, new_secret())


def new_secret() -> bytes:
    """Return 6 bytes of time and 32 random bytes, as in a token."""
    return (time.time_ns() >> TIME_SHIFT).to_bytes(TIME_LENGTH, "big") + _random_bytes()


def token_of(kind: TokenKind, secret: bytes) -> str:
    """Return the token with the given secret bytes."""
    return kind + _text_of(secret)


def _text_of(secret: bytes) -> str:
    """Return the base64url text of a secret without padding (RFC 4648 section 5)."""
    return binascii.b2a_base64(secret, newline=False).translate(_TO_URLSAFE, b"=").decode("ascii")


def _random_bytes() -> bytes:
    """Return 32 bytes from the system's generator, which is read for many secrets at once.

    A system call for each took a tenth of the cost of a token. `pop` is atomic, so threads never
    get the same bytes, and a forked process starts with an empty list.
    """
    try:
        return _drawn.pop()
    except IndexError:
        block = os.urandom(SECRET_BYTES * SECRETS_AT_ONCE)
        _drawn.extend(
            block[start : start + SECRET_BYTES]
            for start in range(SECRET_BYTES, len(block), SECRET_BYTES)
        )
        return block[:SECRET_BYTES]


def derived_token(kind: TokenKind, token: str, *, context: str) -> str:
    """Derive one secret from a token for a context; it begins with the time of the token."""
    issued_at = token[PREFIX_LENGTH : PREFIX_LENGTH + 8]
    derived = hmac.digest(token.encode(), context.encode(), "sha256")
    return kind + issued_at + _text_of(derived)


def new_client_id() -> str:
    """Create a client identifier of 24 letters and digits, without characters that look alike."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(CLIENT_ID_LENGTH))


def new_identifier() -> str:
    """Create a row identifier: 128 random bits in 32 hexadecimal digits."""
    return _random_bytes()[:16].hex()


def new_ordered_identifier() -> str:
    """Create a row identifier that sorts after earlier ones: 32 hexadecimal digits of the system's
    time in nanoseconds and 64 random bits."""
    return f"{time.time_ns():016x}{secrets.token_hex(8)}"


def new_salt() -> bytes:
    """Create a salt of 256 random bits."""
    return os.urandom(32)


def digest_of(token: str) -> bytes:
    """Return the stored form of a secret: 6 bytes of its time, 32 bytes of SHA-256.

    A secret of another server has no time, so all of it is hashed.
    """
    encoded = token.encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(encoded).digest()
    if not encoded.startswith(OWN_PREFIX):
        return digest
    try:
        issued_at = binascii.a2b_base64(
            encoded[PREFIX_LENGTH : PREFIX_LENGTH + 8].translate(_URLSAFE)
        )
    except binascii.Error:
        return digest  # not one of our secrets: matches no row
    return issued_at[:TIME_LENGTH] + digest
