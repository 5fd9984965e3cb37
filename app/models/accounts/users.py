"""The user accounts."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, text

from app.database.types import Instant
from app.models.accounts.user_claims import UserClaims
from app.models.tables import metadata

users = Table(
    "users",
    metadata,
    Column("user_id", String(32), primary_key=True),
    Column("username", String(64), nullable=False),
    Column("username_key", String(128), nullable=False, unique=True),
    Column("password_hash", String(256), nullable=False),
    Column("credentials_version", String(32), nullable=False),
    Column("otp_secret", LargeBinary),
    Column("otp_confirmed_at", Instant),
    Column("otp_last_step", BigInteger),
    Column("disabled_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("claims", Text, nullable=False, server_default="{}"),
    Column("claims_updated_at", Instant),
    Column("pairwise_salt", LargeBinary, nullable=False),
    Column("otp_drift", Integer, nullable=False, server_default="0"),
    Column("email_key", String(320), index=True),
    Column("otp_recent_steps", String(200)),
    Column("search_words", Text),
    Index(
        "ix_users_not_indexed",
        "user_id",
        sqlite_where=text("search_words IS NULL"),
        postgresql_where=text("search_words IS NULL"),
    ),
)


class UserColumns(NamedTuple):
    """The columns of a user, in the order of the lookup."""

    user_id: str
    username: str
    username_key: str
    password_hash: str
    credentials_version: str
    otp_secret: bytes | None
    otp_confirmed_at: datetime | None
    otp_last_step: int | None
    disabled_at: datetime | None
    created_at: datetime
    claims: str
    claims_updated_at: datetime | None
    pairwise_salt: bytes
    otp_drift: int = 0
    email_key: str | None = None
    otp_recent_steps: str | None = None
    search_words: str | None = None


class User(UserColumns):
    """A user. `username` is spelled as the user chose it; `username_key` is unique.

    `credentials_version` changes with the password and with the TOTP secret. `claims` is a JSON
    object of the user's standard claims (OpenID Connect Core section 5.1). `pairwise_salt` is part
    of the pairwise subjects that clients with a sector identifier receive. `otp_drift` is the
    number of time steps that the authenticator's clock is ahead of the server's. `email_key` is
    the case-folded email address, for finding the user by it; it is set only if the address is
    verified. `otp_recent_steps` are the time steps of the last codes, each between spaces, the
    newest first. `search_words` are the words by which the user is found, separated by spaces, or
    None until they are indexed.
    """

    @cached_property
    def claim_values(self) -> Mapping[str, Any]:
        """The stored claims by name."""
        values: dict[str, Any] = json.loads(self.claims)
        return values

    @cached_property
    def standard_claims(self) -> UserClaims:
        return UserClaims.of(self.claim_values)

    @property
    def has_confirmed_otp(self) -> bool:
        return self.otp_confirmed_at is not None

    @property
    def is_disabled(self) -> bool:
        return self.disabled_at is not None
