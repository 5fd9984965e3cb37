"""The stored form of a rotation's answer: unreadable without the refresh token."""

import base64
from datetime import UTC, datetime

from pydantic_core import to_json

from app.oauth.token_pairs import TokenPair, packed, unpacked
from app.security.encryption import SecretBox
from app.security.purposes import Purpose
from app.security.rotation import derived_pair
from app.security.tokens import TokenKind, digest_of, new_secret, new_token

EXPIRES_AT = datetime(2026, 11, 25, 12, 34, 56, 789000, tzinfo=UTC)


def pair_of(presented: str, seed: bytes) -> TokenPair:
    return TokenPair(*derived_pair(presented, seed), "profile email", EXPIRES_AT, None, None, None)


def test_the_stored_response_of_a_rotation_is_readable_only_with_its_token() -> None:
    """SECURITY_BAR row 9"""
    presented, seed = new_token(TokenKind.REFRESH_TOKEN), new_secret()
    pair = pair_of(presented, seed)

    stored = packed(pair, seed)

    assert unpacked(stored, presented) == pair
    other = unpacked(stored, new_token(TokenKind.REFRESH_TOKEN))
    assert other.access_token != pair.access_token
    assert other.refresh_token != pair.refresh_token


def test_the_stored_form_contains_no_token() -> None:
    """SECURITY_BAR row 9: a copy of the database yields no token"""
    presented, seed = new_token(TokenKind.REFRESH_TOKEN), new_secret()
    pair = pair_of(presented, seed)

    stored = packed(pair, seed)

    for token in (presented, pair.access_token, pair.refresh_token):
        secret = base64.urlsafe_b64decode(token[len("postern_at_") :] + "=")[6:]
        assert len(secret) == 32
        assert secret not in stored
        assert token.encode() not in stored


def test_each_rotation_of_a_token_derives_different_tokens() -> None:
    """Of two callers at once only one is answered with its own pair"""
    presented = new_token(TokenKind.REFRESH_TOKEN)

    tokens = {each for _ in range(100) for each in derived_pair(presented, new_secret())}

    assert len(tokens) == 200


def test_derived_tokens_have_the_usual_format_and_start_with_their_creation_time() -> None:
    """So that their rows lie beside those that are stored together with them"""
    earlier = new_token(TokenKind.REFRESH_TOKEN)
    access, refresh = derived_pair(earlier, new_secret())
    later = new_token(TokenKind.REFRESH_TOKEN)

    assert TokenKind.ACCESS_TOKEN.matches(access)
    assert TokenKind.REFRESH_TOKEN.matches(refresh)
    assert len(access) == len(refresh) == len(earlier)
    for token in (access, refresh):
        assert digest_of(earlier)[:6] <= digest_of(token)[:6] <= digest_of(later)[:6]


def test_a_response_encrypted_by_the_previous_release_is_still_readable() -> None:
    """A client that lost its answer during an upgrade is not logged out"""
    presented = new_token(TokenKind.REFRESH_TOKEN)
    purpose = Purpose.REFRESH_TOKEN_PAIR_OF_PREVIOUS_RELEASE
    values = ["postern_at_1", "postern_rt_2", "profile", EXPIRES_AT.timestamp()]
    sealed = SecretBox([presented], purpose=purpose).seal(to_json(values), context=purpose)

    pair = unpacked(sealed, presented)

    assert pair == TokenPair(
        "postern_at_1", "postern_rt_2", "profile", EXPIRES_AT, None, None, None
    )
