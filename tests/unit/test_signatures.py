"""Signatures with our own keys, verified by an implementation that is not ours."""

import base64
import json
import warnings
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import import_key

from app.security import jose
from app.security.signatures import SIGNERS

CLAIMS = {"sub": "x", "name": "Zoë ☂", "list": ["a", 1, None, True], "nested": {"a": {"b": 2}}}


@pytest.mark.parametrize("algorithm", jose.SIGNING_ALGORITHMS)
def test_another_library_verifies_our_signatures(algorithm: str) -> None:
    """RFC 7515 section 5.2; a hundred of them, since r and s of ES256 may begin with zeros"""
    private = jose.new_private_jwk(algorithm, "a-kid")
    key = jose.import_private_key(private)
    public = jose.import_key(jose.public_part(private))

    for number in range(600 if algorithm in ("ES256", "EdDSA") else 3):
        claims = {**CLAIMS, "number": number}
        token = jose.sign(claims, key, algorithm=algorithm, kid="a-kid", typ="at+jwt")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert jwt.decode(token, public, algorithms=[algorithm]).claims == claims
            assert jose.verify_by(token, public, algorithm=algorithm) == claims


def test_a_token_is_compact_and_names_its_algorithm_key_and_type() -> None:
    """RFC 7515 section 7.1: base64url without padding"""
    private = jose.new_private_jwk("ES256", "a-kid")

    token = jose.sign(
        CLAIMS, jose.import_private_key(private), algorithm="ES256", kid="k", typ="at+jwt"
    )

    header, _, signature = token.split(".")
    assert "=" not in token
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {
        "alg": "ES256",
        "kid": "k",
        "typ": "at+jwt",
    }
    assert len(base64.urlsafe_b64decode(signature + "==")) == 64


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "EdDSA"])
def test_a_key_verifies_its_own_algorithm_only(algorithm: str) -> None:
    """SECURITY_BAR row 35; RFC 8725 section 3.1"""
    private = jose.new_private_jwk("ES256", "a-kid")
    public = import_key(jose.public_part(private))
    token = jose.sign(
        CLAIMS, jose.import_private_key(private), algorithm="ES256", kid="k", typ="JWT"
    )

    with pytest.raises(jose.SignatureError):
        jose.verify_by(token, public, algorithm=algorithm)


def signed(algorithm: str) -> tuple[str, Any]:
    """Return a token, and the public key that verifies it."""
    private = jose.new_private_jwk(algorithm, "a-kid")
    key = jose.import_private_key(private)
    token = jose.sign(CLAIMS, key, algorithm=algorithm, kid="a-kid", typ="at+jwt")
    return token, jose.import_key(jose.public_part(private))


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", jose.SIGNING_ALGORITHMS)
def test_a_changed_token_is_not_verified(algorithm: str) -> None:
    """RFC 7515 section 5.2: header, claims and signature are all checked"""
    token, public = signed(algorithm)
    header, claims, signature = token.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    flipped = base64.urlsafe_b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).rstrip(b"=").decode()
    zeros = base64.urlsafe_b64encode(bytes(len(raw))).rstrip(b"=").decode()

    changed = [
        f"{header}.{encoded({**CLAIMS, 'sub': 'y'})}.{signature}",
        f"{encoded({'alg': algorithm, 'kid': 'b'})}.{claims}.{signature}",
        f"{header}.{claims}.{flipped}",
        f"{header}.{claims}.{zeros}",
        f"{header}.{claims}.{signature[:-4]}",
        f"{header}.{claims}.{signature}AAAA",
        f"{header}.{claims}.",
        f"{header}.{claims}",
        f"{token}\n",
        f"{header}.{claims}.{signature[:8]}!{signature[8:]}",
        f" {token}",
    ]

    for each in changed:
        with pytest.raises(jose.SignatureError):
            jose.verify_by(each, public, algorithm=algorithm)


def test_the_signature_of_another_key_is_not_verified() -> None:
    token, _ = signed("ES256")
    _, public = signed("ES256")

    with pytest.raises(jose.SignatureError):
        jose.verify_by(token, public, algorithm="ES256")


@pytest.mark.parametrize("name", ["crit", "b64", "jwk", "jku", "x5u", "x5c"])
def test_a_header_with_a_forbidden_member_is_refused_although_it_is_signed(name: str) -> None:
    """SECURITY_BAR row 35; RFC 8725 section 3.10"""
    private = jose.new_private_jwk("ES256", "a-kid")
    key = jose.import_private_key(private)
    signing_input = f"{encoded({'alg': 'ES256', 'kid': 'a-kid', name: ['x']})}.{encoded(CLAIMS)}"
    signature = SIGNERS["ES256"](key, signing_input.encode())
    token = f"{signing_input}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    with pytest.raises(jose.SignatureError):
        jose.verify_by(token, jose.import_key(jose.public_part(private)), algorithm="ES256")


@pytest.mark.parametrize("content", [b"[]", b"1", b'"x"', b"{", b"\xff", b'{"a": NaN}'])
def test_signed_claims_that_are_no_json_object_are_refused(content: bytes) -> None:
    """RFC 7519 section 7.2"""
    private = jose.new_private_jwk("ES256", "a-kid")
    claims = base64.urlsafe_b64encode(content).rstrip(b"=").decode()
    signing_input = f"{encoded({'alg': 'ES256'})}.{claims}"
    signature = SIGNERS["ES256"](jose.import_private_key(private), signing_input.encode())
    token = f"{signing_input}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    with pytest.raises(jose.SignatureError):
        jose.verify_by(token, jose.import_key(jose.public_part(private)), algorithm="ES256")
