"""Keys in the headers of proofs are parsed once, and only so many are remembered."""

import base64

import pytest
from joserfc.jwk import ECKey

from app.security import key_proofs
from app.security.jose import SignatureError
from app.security.key_proofs import (
    PROOF_ALGORITHMS,
    REMEMBERED_KEYS,
    encoded,
    verify_key_proof,
)
from tests.support.client_jwts import SigningKey, signing_key

TYP = "dpop+jwt"


def proof_of(key: SigningKey, typ: str = TYP, **header: object) -> str:
    jwk = key.key.as_dict(private=False)
    return key.sign({"a": 1}, **{"kid": None, "typ": typ, "jwk": jwk, **header})


def test_the_thumbprint_is_that_of_the_standard() -> None:
    """RFC 7638 section 3; a library has its own implementation"""
    for algorithm in ("ES256", "EdDSA", "RS256"):
        key = signing_key(algorithm)
        assert verify_key_proof(proof_of(key), typ=TYP).thumbprint == key.key.thumbprint()


@pytest.mark.parametrize("algorithm", PROOF_ALGORITHMS)
def test_each_algorithm_verifies_what_another_library_signed_and_nothing_else(
    algorithm: str,
) -> None:
    """SECURITY_BAR row 38; RFC 9864: EdDSA and Ed25519 are two names of one algorithm"""
    token = proof_of(signing_key(algorithm), alg=algorithm)
    header, claims, signature = token.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    forged = (bytes(len(raw)), raw[:-1], raw + b"\0", raw[:-1] + bytes([raw[-1] ^ 1]), b"\0")

    assert verify_key_proof(token, typ=TYP).algorithm == algorithm
    for each in forged:
        with pytest.raises(SignatureError, match="does not verify"):
            verify_key_proof(f"{header}.{claims}.{encoded(each)}", typ=TYP)
    with pytest.raises(SignatureError, match="does not verify"):
        verify_key_proof(f"{header}.{encoded(b'{}')}.{signature}", typ=TYP)


def test_a_remembered_key_does_not_verify_what_another_signed() -> None:
    """SECURITY_BAR row 38: other key"""
    key, thief = signing_key(), signing_key(name="a thief's")
    verify_key_proof(proof_of(key), typ=TYP)
    forged = proof_of(thief, jwk=key.key.as_dict(private=False))

    with pytest.raises(SignatureError, match="does not verify"):
        verify_key_proof(forged, typ=TYP)


def test_the_type_is_compared_each_time() -> None:
    """SECURITY_BAR row 35: wrong typ"""
    token = proof_of(signing_key(), typ="at+jwt")
    verify_key_proof(token, typ="at+jwt")

    with pytest.raises(SignatureError, match="typ"):
        verify_key_proof(token, typ=TYP)


def test_the_number_of_remembered_keys_is_bounded() -> None:
    for _ in range(REMEMBERED_KEYS + 50):
        verify_key_proof(proof_of(SigningKey(ECKey.generate_key("P-256"), "", "ES256")), typ=TYP)

    assert key_proofs._proven_key.cache_info().currsize == REMEMBERED_KEYS
