"""Proof key for code exchange (RFC 7636); S256 is the only supported method."""

import base64
import hashlib
import re
import secrets

from app.security.comparison import texts_match

S256 = "S256"
CODE_CHALLENGE_METHODS = (S256,)
VERIFIER_BYTES = 32
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_code_challenge(text: str) -> bool:
    """Return whether a text can be the SHA-256 of a verifier (section 4.2)."""
    return _CHALLENGE.fullmatch(text) is not None


def is_verified(code_challenge: str, code_verifier: str) -> bool:
    """Return whether a verifier is well-formed and matches the challenge (section 4.6)."""
    if _VERIFIER.fullmatch(code_verifier) is None:
        return False
    return texts_match(code_challenge_of(code_verifier), code_challenge)


def code_challenge_of(code_verifier: str) -> str:
    """Return the S256 challenge of a verifier (section 4.2)."""
    digest = hashlib.sha256(code_verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def new_code_verifier() -> str:
    """Create a verifier of 256 random bits (section 4.1)."""
    return secrets.token_urlsafe(VERIFIER_BYTES)
