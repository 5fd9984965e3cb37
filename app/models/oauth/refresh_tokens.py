"""Refresh tokens, stored as digests; each is used once and references its successor.

A token of a client under the FAPI 2.0 profile is not rotated; its `issued_at` is when it was last
used. `expires_at` of a used token is the end of its grace window. The row then moves to
`used_refresh_tokens`, which stores only what is needed to detect a replay.
"""

from datetime import datetime
from typing import NamedTuple

from authlib.oauth2.rfc6749 import TokenMixin
from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table

from app.database.types import Instant
from app.models.clients.clients import Client
from app.models.tables import metadata

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column(
        "family_id",
        String(32),
        ForeignKey("token_families.family_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("used_at", Instant),
    Column("successor_digest", LargeBinary),
    Column("successor_sealed", LargeBinary),
    sqlite_with_rowid=False,
)


class RefreshTokenColumns(NamedTuple):
    """The columns of a token, its family, successor and user, in the order of the lookup."""

    family_id: str
    client_id: str
    user_id: str | None
    scope: str
    issued_at: datetime
    expires_at: datetime
    family_expires_at: datetime
    used_at: datetime | None
    successor_digest: bytes | None
    successor_sealed: bytes | None
    successor_used_at: datetime | None
    username: str | None
    pairwise_salt: bytes | None
    resources: str | None
    confirmation: str | None
    authorization_details: str | None
    family_created_at: datetime


class RefreshToken(RefreshTokenColumns, TokenMixin):
    """A refresh token with the columns of its family.

    `successor_sealed` is the token response of its one use, encrypted so that it can be decrypted
    with the token itself. `successor_used_at` is set if the client has received that response and
    used the successor. `scope` and `resources` (`GrantedResources`) are everything that was
    granted, and `confirmation` is the key that the token is bound to.
    """

    def check_client(self, client: Client) -> bool:
        return self.client_id == client.client_id
