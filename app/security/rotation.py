"""Derivation of the token pair of a rotated refresh token, from that token and a seed.

To repeat the response of a rotation, the server stores the seed instead of the response. The seed
yields the pair only together with the refresh token, which is not stored.
"""

import hashlib

from app.security.purposes import Purpose
from app.security.tokens import (
    ACCESS_TOKEN,
    REFRESH_TOKEN,
    SECRET_BYTES,
    TIME_LENGTH,
    token_of,
)

SEED_BYTES = TIME_LENGTH + SECRET_BYTES
_PURPOSE = b"postern:" + Purpose.REFRESH_TOKEN_PAIR.encode()


def derived_pair(refresh_token: str, seed: bytes) -> tuple[str, str]:
    """Return an access token and a refresh token, with the time of the seed (`new_secret`).

    Keyed BLAKE2b (RFC 7693) is a pseudorandom function; its 64 bytes are the two secrets. The key
    has at most 64 bytes; one of our tokens has 62, which include all of its 256 random bits.
    """
    issued_at = seed[:TIME_LENGTH]
    secrets = hashlib.blake2b(seed, key=refresh_token.encode()[:64], person=_PURPOSE).digest()
    return (
        token_of(ACCESS_TOKEN, issued_at + secrets[:SECRET_BYTES]),
        token_of(REFRESH_TOKEN, issued_at + secrets[SECRET_BYTES:]),
    )
