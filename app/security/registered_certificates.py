"""Which certificate a JWK Set of a client registers (RFC 8705 section 2.2.2)."""

import binascii
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import UnsupportedAlgorithm

from app.security.jose import SignatureError, import_key

if TYPE_CHECKING:
    from cryptography import x509


class RegisteredCertificate:
    """A presented certificate, as one to look for among the keys of a client."""

    def __init__(self, der: bytes, certificate: "x509.Certificate") -> None:
        self._der = der
        self._certificate = certificate

    def is_in(self, keys: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether a key has this certificate, or is its public key.

        A key with `x5c` stands for its first certificate only (RFC 7517 section 4.7).
        """
        return any(self._is_of(key) for key in keys)

    def _is_of(self, key: Mapping[str, Any]) -> bool:
        chain = key.get("x5c")
        if chain is None:
            return self._has_key(key)
        if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
            return False
        try:
            return binascii.a2b_base64(chain[0], strict_mode=True) == self._der
        except ValueError:
            return False

    def _has_key(self, key: Mapping[str, Any]) -> bool:
        if key.get("use", "sig") != "sig":
            return False
        try:
            public_key = import_key(key).raw_value
            own = self._certificate.public_key()
        except (SignatureError, UnsupportedAlgorithm, ValueError):
            return False
        return type(public_key) is type(own) and bool(public_key == own)
