"""PKCE (RFC 7636), as far as it is arithmetic."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.oauth.pkce import (
    code_challenge_of,
    is_code_challenge,
    is_verified,
    new_code_verifier,
)

UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

verifiers = st.text(UNRESERVED, min_size=43, max_size=128)


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_the_example_of_rfc_7636_verifies() -> None:
    """Appendix B"""
    assert is_code_challenge(CHALLENGE)
    assert is_verified(CHALLENGE, VERIFIER)
    assert code_challenge_of(VERIFIER) == CHALLENGE


def test_a_new_verifier_is_valid_and_random() -> None:
    """Section 4.1"""
    verifiers = {new_code_verifier() for _ in range(100)}

    assert len(verifiers) == 100
    assert all(is_verified(challenge_of(verifier), verifier) for verifier in verifiers)


@given(verifiers)
def test_every_valid_verifier_matches_its_challenge(verifier: str) -> None:
    """Section 4.1: of 43 to 128 unreserved characters"""
    challenge = challenge_of(verifier)

    assert is_code_challenge(challenge)
    assert is_verified(challenge, verifier)


@given(verifiers, verifiers)
def test_a_challenge_does_not_match_another_verifier(one: str, other: str) -> None:
    assert is_verified(challenge_of(one), other) == (one == other)


@given(verifiers)
def test_the_plain_method_is_not_supported(verifier: str) -> None:
    """SECURITY_BAR row 8"""
    assert not is_verified(verifier, verifier)


@given(st.text(UNRESERVED, max_size=42) | st.text(UNRESERVED, min_size=129, max_size=200))
def test_a_verifier_of_invalid_length_is_refused(verifier: str) -> None:
    assert not is_verified(challenge_of(verifier), verifier)


@pytest.mark.parametrize("strange", ["+", "/", "=", " ", "\n", "é", "\x00", "%", "\u0661"])
def test_a_verifier_with_a_forbidden_character_is_refused(strange: str) -> None:
    for verifier in (VERIFIER + strange, strange + VERIFIER, VERIFIER[:20] + strange + VERIFIER):
        assert not is_verified(challenge_of(verifier), verifier)


@given(st.text(max_size=200))
def test_any_text_is_checked_without_an_error(text: str) -> None:
    """SECURITY_BAR row 44"""
    assert not is_verified(CHALLENGE, text)
    assert not is_verified(text, VERIFIER)
    assert is_code_challenge(text) in (True, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        CHALLENGE[:-1],
        CHALLENGE + "A",
        CHALLENGE + "=",
        CHALLENGE + "\n",
        CHALLENGE.replace("-", "+"),
        "é" * 43,
        "." * 43,
        "\u0661" * 43,
    ],
)
def test_a_challenge_that_is_not_an_encoded_sha_256_hash_is_invalid(text: str) -> None:
    """Section 4.2"""
    assert not is_code_challenge(text)
