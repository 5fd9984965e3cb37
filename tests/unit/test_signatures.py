"""Signatures with our own keys, verified by an implementation that is not ours."""

import base64
import json
import warnings

import pytest
from joserfc import jwt
from joserfc.jwk import import_key

from app.security import jose

CLAIMS = {"sub": "x", "name": "Zoë ☂", "list": ["a", 1, None, True], "nested": {"a": {"b": 2}}}


@pytest.mark.parametrize("algorithm", jose.SIGNING_ALGORITHMS)
def test_another_library_verifies_our_signatures(algorithm: str) -> None:
    """RFC 7515 section 5.2; a hundred of them, since r and s of ES256 may begin with zeros"""
    private = jose.new_private_jwk(algorithm, "a-kid")
    key = jose.import_key(private)
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

    token = jose.sign(CLAIMS, jose.import_key(private), algorithm="ES256", kid="k", typ="at+jwt")

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
    token = jose.sign(CLAIMS, jose.import_key(private), algorithm="ES256", kid="k", typ="JWT")

    with pytest.raises(jose.SignatureError):
        jose.verify_by(token, public, algorithm=algorithm)
