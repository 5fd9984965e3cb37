"""Authorization codes (RFC 6749 section 4.1.2), stored as digests; each can be used once.

The identifier of the token family is assigned when the code is issued, so that a replay of the code
can revoke the family at any later time.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Column, Index, LargeBinary, String, Table, Text

from app.database.types import Instant
from app.models.tables import metadata

authorization_codes = Table(
    "authorization_codes",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("family_id", String(32), nullable=False),
    Column("client_id", String(255), nullable=False),
    Column("user_id", String(32), nullable=False),
    Column("credentials_version", String(32), nullable=False),
    Column("session_id", String(32), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("nonce", Text),
    Column("code_challenge", String(128)),
    Column("claims", Text),
    Column("auth_time", Instant, nullable=False),
    Column("acr", String(100), nullable=False),
    Column("amr", String(100), nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("used_at", Instant),
    Column("used_for", LargeBinary),
    Column("resources", Text),
    Column("confirmation", Text),
    Column("authorization_details", Text),
    Index("ix_authorization_codes_session_id", "session_id"),
    Index("ix_authorization_codes_user_id", "user_id", "client_id"),
    sqlite_with_rowid=False,
)


class AuthorizationCodeColumns(NamedTuple):
    """The columns of a code, in the order of the lookup."""

    family_id: str
    client_id: str
    user_id: str
    credentials_version: str
    session_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    claims: str | None
    auth_time: datetime
    acr: str
    amr: str
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None
    used_for: bytes | None
    resources: str | None = None
    confirmation: str | None = None
    authorization_details: str | None = None


class AuthorizationCode(AuthorizationCodeColumns):
    """An authorization code.

    `redirect_uri` is empty if the authorization request omitted it. `used_for` is the digest of the
    access token that was issued for the code. `resources` is what was granted at each resource
    (`GrantedResources`).
    """
