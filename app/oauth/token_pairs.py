"""Pairs of tokens in clear, and the format in which the result of a rotation is stored."""

import struct
from datetime import UTC, datetime
from typing import NamedTuple

from pydantic_core import from_json, to_json

from app.oauth.detail_lists import details_in
from app.oauth.dpop.confirmation import token_type_of
from app.schemas.tokens import TokenResponse
from app.security.encryption import open_with_token
from app.security.purposes import Purpose
from app.security.rotation import SEED_BYTES, derived_pair

DERIVED = 2
"""First byte of what `packed` returns for a bearer token without an audience; the format of a
release before begins with 1."""
DERIVED_FOR_RESOURCE = 3
"""First byte for any other token, of which the previous release issues none."""
_HEAD = struct.Struct(f">B{SEED_BYTES}sd")


class TokenPair(NamedTuple):
    """An access token and a refresh token in clear, as issued.

    `scope`, `audience`, `confirmation` and `authorization_details` are those of the access token.
    `jti` is set if that is a JWT: a repeated response has one with the same `jti` and times.
    """

    access_token: str
    refresh_token: str
    scope: str
    access_expires_at: datetime
    audience: str | None
    confirmation: str | None
    authorization_details: str | None
    jti: str | None = None

    def response(
        self, *, now: datetime, with_refresh_token: bool = True, id_token: str | None = None
    ) -> TokenResponse:
        remaining = int((self.access_expires_at - now).total_seconds())
        return TokenResponse(
            access_token=self.access_token,
            token_type=token_type_of(self.confirmation),
            expires_in=max(remaining, 0),
            refresh_token=self.refresh_token if with_refresh_token else None,
            scope=self.scope or None,
            id_token=id_token,
            authorization_details=details_in(self.authorization_details),
        )


def packed(pair: TokenPair, seed: bytes) -> bytes:
    """Serialise a pair so that only the token it was derived from can recover it."""
    expires_at = pair.access_expires_at.timestamp()
    if pair.audience is None and pair.confirmation is None and pair.authorization_details is None:
        return _HEAD.pack(DERIVED, seed, expires_at) + pair.scope.encode()
    content = to_json(
        [pair.scope, pair.audience, pair.confirmation, pair.jti, pair.authorization_details]
    )
    return _HEAD.pack(DERIVED_FOR_RESOURCE, seed, expires_at) + content


def unpacked(stored: bytes, presented: str) -> TokenPair:
    """Return the pair that a refresh token was rotated into.

    Reads the formats of this release and the previous one.
    """
    if stored[0] not in (DERIVED, DERIVED_FOR_RESOURCE):
        return _opened(stored, presented)
    kind, seed, expires_at = _HEAD.unpack_from(stored)
    content = stored[_HEAD.size :]
    scope, audience, confirmation, jti, details = (
        from_json(content)
        if kind == DERIVED_FOR_RESOURCE
        else (content.decode(), None, None, None, None)
    )
    access_token, refresh_token = derived_pair(presented, seed)
    return TokenPair(
        access_token,
        refresh_token,
        scope,
        datetime.fromtimestamp(expires_at, UTC),
        audience,
        confirmation,
        details,
        jti,
    )


def _opened(sealed: bytes, presented: str) -> TokenPair:
    access_token, refresh_token, scope, expires_at = from_json(
        open_with_token(
            sealed, token=presented, purpose=Purpose.REFRESH_TOKEN_PAIR_OF_PREVIOUS_RELEASE
        )
    )
    at = datetime.fromtimestamp(expires_at, UTC)
    return TokenPair(access_token, refresh_token, scope, at, None, None, None)
