"""Opaque access tokens, stored as digests."""

from datetime import datetime
from typing import NamedTuple

from authlib.oauth2.rfc6749 import TokenMixin
from sqlalchemy import Column, Index, LargeBinary, String, Table, Text, text

from app.database.types import Instant
from app.models.clients.clients import Client
from app.models.tables import ONLY_ON, index_where_set, metadata

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("family_id", String(32)),
    Column("client_id", String(255), nullable=False),
    Column("user_id", String(32)),
    Column("scope", Text, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("revoked_at", Instant),
    Column("audience", String(500)),
    Column("confirmation", Text),
    Column("authorization_details", Text),
    Index(
        "ix_access_tokens_revoked_at",
        "revoked_at",
        sqlite_where=text("revoked_at IS NOT NULL"),
        postgresql_where=text("revoked_at IS NOT NULL"),
    ),
    index_where_set("ix_access_tokens_user_id", "user_id"),
    Index(
        "ix_access_tokens_client_id",
        "client_id",
        "issued_at",
        postgresql_where=text("user_id IS NULL"),
        info={ONLY_ON: "postgresql"},  # on SQLite an insert would take twice as long
    ),
    sqlite_with_rowid=False,
)


class AccessTokenColumns(NamedTuple):
    """The columns of a token and of its user and client, in the order of the lookup."""

    family_id: str | None
    client_id: str
    user_id: str | None
    scope: str
    issued_at: datetime
    expires_at: datetime
    username: str | None
    otp_confirmed_at: datetime | None
    pairwise_salt: bytes | None
    sector_identifier: str | None
    policies: str | None
    default_resource: str | None
    audience: str | None
    confirmation: str | None
    authorization_details: str | None
    auth_time: datetime | None
    acr: str | None
    actors: str | None
    about_client_id: str | None
    subject_client_id: str | None


class AccessToken(AccessTokenColumns, TokenMixin):
    """An access token whose family, client and user were all active when it was looked up.

    `username` and `otp_confirmed_at` are those of the token's user; they are None for a token that
    was issued to a client on its own behalf. `audience` is the identifier of the resource that the
    token is for, or None, and `default_resource` the short name of its client's default one.
    `confirmation` is the key that the token is bound to (RFC 7800), as JSON. `auth_time` and `acr`
    are those of the sign-in (RFC 9470), or None if it was not in a browser.

    A token that was issued by token exchange has a `subject_client_id`, the client of its subject
    token, its `actors` (`app.models.oauth.actors`), and if it is about a client `about_client_id`.

    A JWT (RFC 9068) has no row: what it says itself is combined with what the database says.
    """

    def check_client(self, client: Client) -> bool:
        return self.client_id == client.client_id
