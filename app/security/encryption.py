"""Authenticated encryption of what has to be read again: AES-256-GCM under derived keys.

A sealed value is one byte of version, four bytes that name the key, twelve of nonce, and the
ciphertext with its tag. The name of the key makes `SECRET_KEY` rotatable: what the previous key
sealed can still be opened while it is listed in `SECRET_KEY_PREVIOUS`.
"""

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"
_KEY_NAME_LENGTH = 4
_NONCE_LENGTH = 12


class SealError(Exception):
    """The value was sealed under a key we do not have, for another context, or was changed."""


class SecretBox:
    """Seals values for one purpose under the first key, and opens what any of the keys sealed."""

    def __init__(self, secrets: Sequence[str], *, purpose: str) -> None:
        keys = [derive_key(secret.encode(), purpose=purpose) for secret in secrets]
        self._ciphers = {_name_of(key): AESGCM(key) for key in keys}
        self._current = _name_of(keys[0])

    def seal(self, value: bytes, *, context: str) -> bytes:
        """Encrypts; `context` (the owner of the value) must be the same when it is opened."""
        return _sealed(self._ciphers[self._current], self._current, value, context=context)

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Decrypts; raises `SealError`."""
        name, nonce, body = _split(sealed)
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise SealError("sealed under an unknown key")
        try:
            return cipher.decrypt(nonce, body, context.encode())
        except (InvalidTag, ValueError):  # the latter for one cut short
            raise SealError("sealed for another context, or changed") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether it is sealed under the first key."""
        return _split(sealed)[0] == self._current


def seal_with_token(value: bytes, *, token: str, purpose: str) -> bytes:
    """Encrypts so that only who presents `token` can read it; nothing that we store can."""
    key = derive_key(token.encode(), purpose=purpose)
    return _sealed(AESGCM(key), _name_of(key), value, context=purpose)


def open_with_token(sealed: bytes, *, token: str, purpose: str) -> bytes:
    """Opens what `seal_with_token` sealed; raises `SealError`."""
    return SecretBox([token], purpose=purpose).open(sealed, context=purpose)


def derive_key(secret: bytes, *, purpose: str) -> bytes:
    """Derives a key of 256 bits for one purpose (HMAC-SHA-256; the secrets have that entropy)."""
    return hmac.digest(secret, b"postern:" + purpose.encode(), "sha256")


def _sealed(cipher: AESGCM, name: bytes, value: bytes, *, context: str) -> bytes:
    nonce = os.urandom(_NONCE_LENGTH)
    return _VERSION + name + nonce + cipher.encrypt(nonce, value, context.encode())


def _name_of(key: bytes) -> bytes:
    return hashlib.sha256(b"name:" + key).digest()[:_KEY_NAME_LENGTH]


def _split(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    if sealed[:1] != _VERSION:
        raise SealError("not a sealed value")
    after_name = 1 + _KEY_NAME_LENGTH
    after_nonce = after_name + _NONCE_LENGTH
    return sealed[1:after_name], sealed[after_name:after_nonce], sealed[after_nonce:]
