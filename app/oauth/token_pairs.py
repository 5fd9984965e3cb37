"""Pairs of tokens in clear, and the format in which the result of a rotation is stored."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic_core import from_json

from app.schemas.tokens import TokenResponse
from app.security.encryption import open_with_token
from app.security.purposes import Purpose
from app.security.rotation import SEED_BYTES, derived_pair

DERIVED = 2
"""First byte of what `packed` returns; the format of the previous release begins with 1."""
_HEAD = struct.Struct(f">B{SEED_BYTES}sd")


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token and a refresh token in clear, as issued."""

    access_token: str
    refresh_token: str
    scope: str
    access_expires_at: datetime

    def response(
        self, *, now: datetime, with_refresh_token: bool = True, id_token: str | None = None
    ) -> TokenResponse:
        remaining = int((self.access_expires_at - now).total_seconds())
        return TokenResponse(
            access_token=self.access_token,
            expires_in=max(remaining, 0),
            refresh_token=self.refresh_token if with_refresh_token else None,
            scope=self.scope or None,
            id_token=id_token,
        )


def packed(pair: TokenPair, seed: bytes) -> bytes:
    """Serialise a pair so that only the token it was derived from can recover it."""
    return _HEAD.pack(DERIVED, seed, pair.access_expires_at.timestamp()) + pair.scope.encode()


def unpacked(stored: bytes, presented: str) -> TokenPair:
    """Return the pair that a refresh token was rotated into.

    Reads the formats of this release and the previous one.
    """
    if stored[0] != DERIVED:
        return _opened(stored, presented)
    _, seed, expires_at = _HEAD.unpack_from(stored)
    access_token, refresh_token = derived_pair(presented, seed)
    return TokenPair(
        access_token,
        refresh_token,
        stored[_HEAD.size :].decode(),
        datetime.fromtimestamp(expires_at, UTC),
    )


def _opened(sealed: bytes, presented: str) -> TokenPair:
    access_token, refresh_token, scope, expires_at = from_json(
        open_with_token(
            sealed, token=presented, purpose=Purpose.REFRESH_TOKEN_PAIR_OF_PREVIOUS_RELEASE
        )
    )
    return TokenPair(access_token, refresh_token, scope, datetime.fromtimestamp(expires_at, UTC))
