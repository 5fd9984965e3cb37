"""Secrets that we hand out: 256 bits of entropy, a prefix by kind, SHA-256 at rest.

The prefix lets leak scanners find them, and tells us which table to look into. A slow hash
would buy nothing: nobody guesses 256 bits.
"""

import hashlib
import secrets
from enum import StrEnum

CLIENT_ID_LENGTH = 24
_ALPHANUMERIC = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class TokenKind(StrEnum):
    """The prefixes of our secrets; no character in them is changed by a URL or a Basic header."""

    ACCESS_TOKEN = "postern_at_"
    REFRESH_TOKEN = "postern_rt_"
    CLIENT_SECRET = "postern_cs_"

    def matches(self, token: str) -> bool:
        return token.startswith(self.value)


def new_token(kind: TokenKind) -> str:
    """Makes a secret of 256 bits."""
    return kind.value + secrets.token_urlsafe(32)


def new_client_id() -> str:
    """Makes a client identifier of 24 letters and digits, without those that look alike."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(CLIENT_ID_LENGTH))


def new_identifier() -> str:
    """Makes an identifier of a row: 128 random bits in 32 hexadecimal digits."""
    return secrets.token_hex(16)


def digest_of(token: str) -> bytes:
    """The form in which a secret of ours is stored: 32 bytes of SHA-256."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
