"""JWT access tokens that were revoked before they expired (RFC 7009).

A JWT has no row of its own: what revokes it is a row here, by the SHA-256 digest of its `jti` in
hexadecimal digits, until the token expires.
"""

from sqlalchemy import Column, String, Table

from app.database.types import Instant
from app.models.tables import metadata

denied_tokens = Table(
    "denied_tokens",
    metadata,
    Column("jti_digest", String(64), primary_key=True),
    Column("expires_at", Instant, nullable=False, index=True),
    sqlite_with_rowid=False,
)
