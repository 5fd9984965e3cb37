"""RSA keys of clients and passkeys have bounded sizes: verifying must stay cheap."""

import base64
import hashlib
import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app.security import jose
from app.security.jose import SignatureError
from tests.support.client_jwts import encoded, signing_key

ALL = jose.CLIENT_ALGORITHMS
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def number(value: int) -> str:
    raw = value.to_bytes((value.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class RsaByHand:
    """An RSA key whose exponent no library would choose, and RS256 signatures by it."""

    def __init__(self, *, exponent_bits: int) -> None:
        numbers = rsa.generate_private_key(65537, 2048).private_numbers()
        phi = (numbers.p - 1) * (numbers.q - 1)
        self._n = numbers.public_numbers.n
        while True:
            self._e = secrets.randbits(exponent_bits) | 1 | 1 << (exponent_bits - 1)
            try:
                self._d = pow(self._e, -1, phi)
            except ValueError:
                continue
            return

    @property
    def public(self) -> dict[str, Any]:
        return {"kty": "RSA", "kid": "rsa", "n": number(self._n), "e": number(self._e)}

    def sign(self, claims: dict[str, Any]) -> str:
        signing_input = f"{encoded({'alg': 'RS256', 'kid': 'rsa'})}.{encoded(claims)}"
        digest = SHA256_PREFIX + hashlib.sha256(signing_input.encode()).digest()
        padded = b"\x00\x01" + b"\xff" * (256 - 3 - len(digest)) + b"\x00" + digest
        raw = pow(int.from_bytes(padded), self._d, self._n).to_bytes(256)
        return f"{signing_input}.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"


def test_a_key_with_a_64_bit_exponent_verifies() -> None:
    key = RsaByHand(exponent_bits=64)

    assert jose.verify(key.sign({"sub": "x"}), [key.public], algorithms=ALL) == {"sub": "x"}


@pytest.mark.parametrize("bits", [65, 96, 1024, 2040])
def test_a_key_with_a_longer_exponent_is_refused(bits: int) -> None:
    """SECURITY_BAR row 35: an exponent of 3,064 bits costs 57 ms for each anonymous request"""
    key = RsaByHand(exponent_bits=bits)

    with pytest.raises(SignatureError):
        jose.verify(key.sign({"sub": "x"}), [key.public], algorithms=ALL)


@pytest.mark.parametrize("bits", [4097, 4104, 8192, 500_000])
def test_a_key_with_a_modulus_of_more_than_4096_bits_is_not_used(
    bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY_BAR row 35"""
    modulus = secrets.randbits(bits) | 1 | 1 << (bits - 1)
    public = {"kty": "RSA", "kid": "rsa", "n": number(modulus), "e": "AQAB"}
    token = RsaByHand(exponent_bits=17).sign({"sub": "x"})
    monkeypatch.setattr("joserfc.jwt.decode", lambda *_, **__: pytest.fail("it was tried"))

    with pytest.raises(SignatureError):
        jose.verify(token, [public], algorithms=ALL)


def test_at_most_three_candidate_keys_are_used() -> None:
    """SECURITY_BAR row 35: the client chooses how many keys its set has"""
    right, wrong = signing_key("ES256"), signing_key("ES256", "another")
    token = right.sign({"sub": "x"}, kid=None)

    assert jose.verify(token, [wrong.public] * 2 + [right.public], algorithms=ALL)
    with pytest.raises(SignatureError):
        jose.verify(token, [wrong.public] * 3 + [right.public], algorithms=ALL)
