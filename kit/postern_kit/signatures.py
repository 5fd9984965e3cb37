"""Signed tokens, read in two steps: the header, to choose the key, and then the signed claims."""

import json
import warnings
from collections.abc import Sequence
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, RSAKey

ALGORITHMS = ("ES256", "EdDSA", "Ed25519", "PS256", "RS256")
"""Signatures with a public key; `EdDSA` and `Ed25519` are two names of one (RFC 9864)."""
KEY_TYPES = ("EC", "OKP", "RSA")
RSA_BITS = range(2048, 8193)
MAXIMUM_EXPONENT_BITS = 32


class SignatureError(Exception):
    """A token is malformed, or its signature is invalid."""


class Signatures:
    """Verify tokens that are signed with one of some algorithms."""

    def __init__(self, algorithms: Sequence[str], *, maximum_length: int) -> None:
        if not algorithms or not set(algorithms) <= set(ALGORITHMS):
            raise ValueError(f"algorithms must be of {', '.join(ALGORITHMS)}")
        self.algorithms = tuple(algorithms)
        self._registry = jws.JWSRegistry(algorithms=list(algorithms))
        self._maximum_length = maximum_length

    def header_of(self, token: str) -> dict[str, Any]:
        """Return the header, which is not verified yet; raise `SignatureError`."""
        if len(token) > self._maximum_length:
            raise SignatureError("the token is too long")
        try:
            parsed = jws.extract_compact(token.encode("ascii"), registry=self._registry)
        except (JoseError, ValueError, RecursionError) as error:
            raise SignatureError(f"not a JWT: {error}") from None
        header = dict(parsed.headers())
        if header.get("alg") not in self.algorithms:
            raise SignatureError("alg is not allowed")
        return header

    def claims_of(self, token: str, key: Key) -> dict[str, Any]:
        """Return the claims if the key signed them; raise `SignatureError`."""
        try:
            with warnings.catch_warnings():  # EdDSA is an old name, which most issuers use
                warnings.simplefilter("ignore")
                signed = jws.deserialize_compact(token, key, registry=self._registry)
            claims = json.loads(signed.payload)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise SignatureError(f"the signature is invalid: {error}") from None
        if not isinstance(claims, dict):
            raise SignatureError("the claims are not an object")
        return claims


def public_key(value: Any) -> Key:
    """Return the key of a public JWK; raise `SignatureError` if it is not a usable one."""
    if not isinstance(value, dict) or value.get("kty") not in KEY_TYPES or "d" in value:
        raise SignatureError("not a public key")
    try:
        key = JWKRegistry.import_key(value)
    except (JoseError, ValueError, TypeError) as error:
        raise SignatureError(f"the key is invalid: {error}") from None
    if isinstance(key, RSAKey):  # a long key or exponent makes each signature costly
        numbers = key.public_key.public_numbers()
        if numbers.n.bit_length() not in RSA_BITS or numbers.e.bit_length() > MAXIMUM_EXPONENT_BITS:
            raise SignatureError("the RSA key is too short or too long")
    return key
