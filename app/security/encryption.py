"""Authenticated encryption of stored values: AES-256-GCM under derived keys.

A sealed value consists of a version byte, a four-byte key name, a twelve-byte nonce, and the
ciphertext with its tag. The key name makes `SECRET_KEY` rotatable: values sealed under a previous
key can be opened while that key is listed in `SECRET_KEY_PREVIOUS`.
"""

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.security.purposes import Purpose

_VERSION = b"\x01"
_KEY_NAME_LENGTH = 4
_NONCE_LENGTH = 12


class SealError(Exception):
    """The value was sealed under an unknown key or for another context, or it was modified."""


class SecretBox:
    """Encryption for one purpose: seals under the first key, opens what any key sealed."""

    def __init__(self, secrets: Sequence[str], *, purpose: Purpose) -> None:
        keys = [derive_key(secret.encode(), purpose=purpose) for secret in secrets]
        self._ciphers = {_name_of(key): AESGCM(key) for key in keys}
        self._current = _name_of(keys[0])

    def seal(self, value: bytes, *, context: str) -> bytes:
        """Encrypt a value; opening it requires the same `context`, the owner of the value."""
        nonce = os.urandom(_NONCE_LENGTH)
        ciphertext = self._ciphers[self._current].encrypt(nonce, value, context.encode())
        return _VERSION + self._current + nonce + ciphertext

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Decrypt a sealed value; raises `SealError`."""
        name, nonce, body = _split(sealed)
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise SealError("sealed under an unknown key")
        try:
            return cipher.decrypt(nonce, body, context.encode())
        except (InvalidTag, ValueError):  # ValueError for a truncated value
            raise SealError("sealed for another context, or changed") from None

    def is_current(self, sealed: bytes) -> bool:
        """Return whether the value is sealed under the first key."""
        return _split(sealed)[0] == self._current


def open_with_token(sealed: bytes, *, token: str, purpose: Purpose) -> bytes:
    """Open a value that was sealed with a token as its key; raises `SealError`."""
    return SecretBox([token], purpose=purpose).open(sealed, context=purpose)


def derive_key(secret: bytes, *, purpose: Purpose) -> bytes:
    """Derive a 256-bit key for one purpose (HMAC-SHA-256; the secrets have that entropy)."""
    return hmac.digest(secret, b"postern:" + purpose.encode(), "sha256")


def _name_of(key: bytes) -> bytes:
    return hashlib.sha256(b"name:" + key).digest()[:_KEY_NAME_LENGTH]


def _split(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    if sealed[:1] != _VERSION:
        raise SealError("not a sealed value")
    after_name = 1 + _KEY_NAME_LENGTH
    after_nonce = after_name + _NONCE_LENGTH
    return sealed[1:after_name], sealed[after_name:after_nonce], sealed[after_nonce:]
