"""Signatures that prove the possession of the key in their own header (RFC 9449 section 4.2).

Everywhere else a key in a header is refused (`app.security.jose`). Here it is the point: the caller
compares the thumbprint of the key with the one that a token or a code is bound to.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

from app.security.jose import (
    MAXIMUM_RSA_CHARACTERS,
    NEVER_IN_A_HEADER,
    SignatureError,
    import_key,
    require_rsa_bounds,
)

PROOF_ALGORITHMS = ("ES256", "EdDSA", "Ed25519", "PS256", "RS256")
"""Algorithms of proofs; `EdDSA` and `Ed25519` are two names of one (RFC 9864)."""
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
COORDINATE_BYTES = 32
REMEMBERED_KEYS = 256
_FIXED_MEMBERS = {
    "ES256": {"kty": "EC", "crv": "P-256"},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
    "Ed25519": {"kty": "OKP", "crv": "Ed25519"},
    "PS256": {"kty": "RSA"},
    "RS256": {"kty": "RSA"},
}
_KEY_MEMBERS = {"EC": ("x", "y"), "OKP": ("x",), "RSA": ("n", "e")}
_JWS = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_BASE64URL = re.compile(r"[\w-]+", re.ASCII)


class KeyProof(NamedTuple):
    """The claims of a verified proof, the thumbprint of its key (RFC 7638), and its algorithm."""

    claims: dict[str, Any]
    thumbprint: str
    algorithm: str


class RsaMembers(NamedTuple):
    """The modulus and the exponent of a public key."""

    n: int
    e: int


class ProvenKey(NamedTuple):
    """What the header of a proof says: its type, and its key.

    `verifies` takes a signature and what it signs.
    """

    typ: Any
    algorithm: str
    verifies: Callable[[bytes, bytes], bool]
    thumbprint: str


def verify_key_proof(token: str, *, typ: str) -> KeyProof:
    """Verify a JWS by the public key in its header; raises `SignatureError`.

    Import `app.security.jose.MODULES` before. It runs on the event loop: the bounds of keys keep a
    verification below 0.3 ms, also with the costliest RSA key.
    """
    if not _JWS.fullmatch(token):
        raise SignatureError("it is not a signed JWT")
    encoded_header, encoded_claims, encoded_signature = token.split(".")
    proven = _proven_key(encoded_header)
    if proven.typ != typ:
        raise SignatureError(f"typ is not {typ}")
    signed, signature = token.rpartition(".")[0].encode("ascii"), _decoded(encoded_signature)
    try:
        is_signed = proven.verifies(signature, signed)
    except (ValueError, TypeError):
        raise SignatureError("the key in the header cannot be used") from None
    if not is_signed:
        raise SignatureError("the key in the header does not verify the signature")
    claims = _json_object(encoded_claims, "payload")
    return KeyProof(claims, proven.thumbprint, proven.algorithm)


@lru_cache(maxsize=REMEMBERED_KEYS)
def _proven_key(encoded_header: str) -> ProvenKey:
    """Return the key in a header; raises `SignatureError`.

    The header of a client is the same in each of its proofs, and parsing it takes as long as
    verifying a signature.
    """
    header = _json_object(encoded_header, "header")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in PROOF_ALGORITHMS:
        raise SignatureError("the algorithm is not allowed")
    if (NEVER_IN_A_HEADER - {"jwk"}) & header.keys():
        raise SignatureError("the header has a forbidden member")
    jwk = _public_jwk(header.get("jwk"), algorithm)
    return ProvenKey(
        header.get("typ"), algorithm, _verification_by(jwk, algorithm), thumbprint_of(jwk)
    )


def thumbprint_of(jwk: dict[str, str]) -> str:
    """Return the thumbprint of a JWK with its required members only (RFC 7638 section 3)."""
    canonical = json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode("ascii")
    return encoded(hashlib.sha256(canonical).digest())


def encoded(value: bytes) -> str:
    """Return base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def _public_jwk(value: Any, algorithm: str) -> dict[str, str]:
    """Return the members that make up a public key of an algorithm; raises `SignatureError`.

    Each member must have its only encoding, or one key would have several thumbprints.
    """
    if not isinstance(value, dict):
        raise SignatureError("the header has no jwk")
    if PRIVATE_MEMBERS & value.keys():
        raise SignatureError("the jwk in the header is not a public key")
    fixed = _FIXED_MEMBERS[algorithm]
    if any(value.get(name) != expected for name, expected in fixed.items()):
        raise SignatureError("the jwk does not fit the algorithm")
    if value.get("use", "sig") != "sig" or value.get("alg", algorithm) not in PROOF_ALGORITHMS:
        raise SignatureError("the jwk is for another use")
    members = {name: value.get(name) for name in _KEY_MEMBERS[fixed["kty"]]}
    return {**fixed, **{name: _member(name, text) for name, text in members.items()}}


def _member(name: str, text: Any) -> str:
    longest = MAXIMUM_RSA_CHARACTERS.get(name, COORDINATE_BYTES * 2)
    if not isinstance(text, str) or len(text) > longest or not _BASE64URL.fullmatch(text):
        raise SignatureError("a member of the jwk is missing or malformed")
    value = _decoded(text)
    is_minimal = value[:1] != b"\0" if name in MAXIMUM_RSA_CHARACTERS else len(value) == 32
    if not is_minimal or encoded(value) != text:
        raise SignatureError("a member of the jwk is not in its canonical encoding")
    return text


def _verification_by(jwk: dict[str, str], algorithm: str) -> Callable[[bytes, bytes], bool]:
    """Import a key, and return what verifies signatures by it."""
    from app.security.signatures import is_signature_of

    if jwk["kty"] == "RSA":  # before the key is imported, which is costly for a long one
        numbers = (int.from_bytes(_decoded(jwk[name]), "big") for name in ("n", "e"))
        require_rsa_bounds(RsaMembers(*numbers))
    return partial(is_signature_of, import_key(jwk).public_key, algorithm)


def _json_object(text: str, name: str) -> dict[str, Any]:
    try:
        value = json.loads(_decoded(text))
    except (ValueError, RecursionError):
        raise SignatureError(f"the {name} cannot be read") from None
    if not isinstance(value, dict):
        raise SignatureError(f"the {name} is not a JSON object")
    return value


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise SignatureError("it is not base64url") from None
