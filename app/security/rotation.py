"""The pair of tokens that a refresh token is rotated into, derived from it and from a seed.

To repeat the answer of a rotation, the server stores the seed and not the answer. The seed yields
the pair only together with the refresh token, which is stored nowhere.
"""

import hashlib

from app.security.tokens import SECRET_BYTES, TIME_LENGTH, TokenKind, token_of

SEED_BYTES = TIME_LENGTH + SECRET_BYTES
_PURPOSE = b"postern:rotation"  # part of the derivation: with another, no pair is found again


def derived_pair(refresh_token: str, seed: bytes) -> tuple[str, str]:
    """Return an access token and a refresh token, with the time of the seed (`new_secret`).

    Keyed BLAKE2b (RFC 7693) is a pseudorandom function of which 64 bytes are two secrets. The key
    has at most 64 bytes; a token of ours has 62, and all of its 256 random bits.
    """
    made_at = seed[:TIME_LENGTH]
    secrets = hashlib.blake2b(seed, key=refresh_token.encode()[:64], person=_PURPOSE).digest()
    return (
        token_of(TokenKind.ACCESS_TOKEN, made_at + secrets[:SECRET_BYTES]),
        token_of(TokenKind.REFRESH_TOKEN, made_at + secrets[SECRET_BYTES:]),
    )
