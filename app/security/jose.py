"""JSON Web Signatures (RFC 7515) with the server's and the clients' keys, using joserfc.

Only the algorithms listed here are supported; `none` and the symmetric ones are not (RFC 8725
section 3.1). The header of an Ed25519 signature says `EdDSA`, which every client understands.
"""

import base64
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

RSA_BITS = 2048
ALGORITHMS = ("RS256", "ES256", "EdDSA")
"""Algorithms of the keys that exist from the start, which sign ID tokens."""
SIGNING_ALGORITHMS = (*ALGORITHMS, "PS256")
"""Algorithms the server signs with: access tokens of a resource may have another one."""
RSA_ALGORITHMS = frozenset({"RS256", "PS256"})
"""Algorithms that take a private key operation of a millisecond: sign with them in a thread."""
CLIENT_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""Algorithms clients may sign with."""
CLIENT_ALGORITHM_NAMES = (*CLIENT_ALGORITHMS, "Ed25519")
"""The names of these that clients may register: one algorithm has two (RFC 9864)."""
NEVER_IN_A_HEADER = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64"})
"""Parameters that would let a token choose its own verification key (RFC 8725 section 3.10), or
change how it must be processed (`crit`, `b64`)."""
_KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
_CURVES = {"ES256": "P-256", "EdDSA": "Ed25519"}
_SHORT_NAMES: dict[Any, str] = {"Ed25519": "EdDSA"}
_LONG_NAMES = {short: long for long, short in _SHORT_NAMES.items()}
MAXIMUM_LENGTH = 65_536
MAXIMUM_TRIED = 3
"""Candidate keys tried per signature: a client's key set may be long."""
MAXIMUM_RSA_BITS = 4096
MAXIMUM_EXPONENT_BITS = 64
"""OpenSSL's bound for large moduli. A public-key operation with a longer exponent takes tens of
milliseconds, and the client chooses the key."""
MAXIMUM_RSA_CHARACTERS = {"n": 700, "e": 16}
"""Slightly above the bounds in base64, to reject a key before it is decoded."""


MODULES = ("joserfc.jwk", "joserfc.jwt", "app.security.signatures")
"""Imported late, with their dependencies; see `app.concurrency.late_imports`."""


class SignatureError(Exception):
    """No expected key verifies the signature; the message is for the log."""


def new_private_jwk(algorithm: str, kid: str) -> dict[str, Any]:
    """Generate a private key. RSA takes a tenth of a second: call it in a thread."""
    from joserfc import jwk

    parameters: Any = {"kid": kid, "alg": algorithm, "use": "sig"}
    key: Any
    if algorithm in RSA_ALGORITHMS:
        key = jwk.RSAKey.generate_key(RSA_BITS, parameters)
    elif algorithm == "ES256":
        key = jwk.ECKey.generate_key("P-256", parameters)
    else:
        key = jwk.OKPKey.generate_key("Ed25519", parameters)
    private_jwk: dict[str, Any] = {**key.as_dict(private=True), **parameters}
    return private_jwk


def public_part(private_jwk: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JWK without its private members."""
    names = ("kty", "kid", "alg", "use", "crv", "x", "y", "n", "e")
    return {name: private_jwk[name] for name in names if name in private_jwk}


def import_key(value: Mapping[str, Any]) -> Any:
    """Return a key that verifies; raises `SignatureError`."""
    from joserfc import jwk
    from joserfc.errors import JoseError

    try:
        return jwk.import_key(dict(value))
    except (JoseError, ValueError, TypeError, KeyError):
        raise SignatureError("the key cannot be read") from None


def import_private_key(value: Mapping[str, Any]) -> Any:
    """Return a key for `sign`; raises `SignatureError`."""
    return import_key(value).private_key


def sign(claims: Mapping[str, Any], key: Any, *, algorithm: str, kid: str, typ: str) -> str:
    """Return a signed JWT in compact serialization."""
    from app.security.signatures import signed_jwt

    return signed_jwt(claims, key, algorithm=algorithm, kid=kid, typ=typ)


def header_of(token: str) -> dict[str, Any]:
    """Return the unverified header; raises `SignatureError` if it is malformed or forbidden."""
    if len(token) > MAXIMUM_LENGTH or token.count(".") != 2 or not token.isascii():
        raise SignatureError("not a signed JWT")
    encoded_header = token.partition(".")[0]
    try:
        header = json.loads(
            base64.urlsafe_b64decode(encoded_header + "=" * (-len(encoded_header) % 4))
        )
    except (ValueError, RecursionError):
        raise SignatureError("the header cannot be read") from None
    if not isinstance(header, dict) or NEVER_IN_A_HEADER & header.keys():
        raise SignatureError("the header has a forbidden member")
    return header


def verify_by(token: str, key: Any, *, algorithm: str) -> dict[str, Any]:
    """Return the claims of a JWT signed by an imported key of ours; raises `SignatureError`.

    The header must name the algorithm of the key as we do.
    """
    from app.security.signatures import verified_claims

    header_of(token)  # refuses what a header of ours never has
    try:
        return verified_claims(token, key.public_key, algorithm=algorithm)
    except (KeyError, ValueError, TypeError, AttributeError):
        raise SignatureError("the key does not verify the signature") from None


def verify(
    token: str, keys: Sequence[Mapping[str, Any]], *, algorithms: Sequence[str]
) -> dict[str, Any]:
    """Return the claims of a JWT signed by one of the keys; raises `SignatureError`.

    A key is tried only for its own algorithm, and only if the `kid` matches where both have one.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError

    header = header_of(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str):
        raise SignatureError("alg is not a string")
    algorithm = _SHORT_NAMES.get(algorithm, algorithm)
    allowed = {_SHORT_NAMES.get(name, name) for name in algorithms}
    if algorithm not in allowed or algorithm not in _KEY_TYPES:
        raise SignatureError("the algorithm is not allowed")
    candidates = [key for key in keys if _may_verify(key, algorithm, kid)]
    for candidate in candidates[:MAXIMUM_TRIED]:
        try:
            with _suppress_warnings():
                key = import_key({**candidate, "alg": header["alg"]})  # the token's name of it
                if key.key_type == "RSA":
                    require_rsa_bounds(key.raw_value.public_numbers())
                decoded = jwt.decode(token, key, algorithms=[str(header["alg"])])
        except (JoseError, SignatureError, ValueError, TypeError, RecursionError):
            continue
        return dict(decoded.claims)
    raise SignatureError("no key of the signer verifies the signature")


def _may_verify(key: Mapping[str, Any], algorithm: str, kid: Any) -> bool:
    return (
        key.get("kty") == _KEY_TYPES[algorithm]
        and key.get("crv") == _CURVES.get(algorithm)
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) in (algorithm, _LONG_NAMES.get(algorithm))
        and (kid is None or "kid" not in key or key["kid"] == kid)
        and all(len(str(key.get(name, ""))) <= n for name, n in MAXIMUM_RSA_CHARACTERS.items())
    )


class RsaNumbers(Protocol):
    @property
    def n(self) -> int: ...
    @property
    def e(self) -> int: ...


def require_rsa_bounds(numbers: RsaNumbers) -> None:
    """Raise `SignatureError` for a key that is too short (RFC 7518 section 3.3) or too costly."""
    if numbers.n.bit_length() < RSA_BITS:
        raise SignatureError("the RSA modulus is too short")
    if numbers.n.bit_length() > MAXIMUM_RSA_BITS:
        raise SignatureError("the RSA modulus is too long")
    if numbers.e.bit_length() > MAXIMUM_EXPONENT_BITS:
        raise SignatureError("the RSA exponent is too long")


@contextmanager
def _suppress_warnings() -> Iterator[None]:
    """Suppress the warnings about a client's key, and about `EdDSA` as the name of an algorithm,
    which is deprecated in favour of `Ed25519` (RFC 9864): few clients support that yet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
