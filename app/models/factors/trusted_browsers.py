"""Trusted browsers, which do not need a second factor until they expire.

The cookie holds a secret, the row its digest.
"""

from sqlalchemy import Column, LargeBinary, String, Table

from app.database.types import Instant
from app.models.tables import metadata

trusted_browsers = Table(
    "remembered_browsers",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("user_id", String(32), nullable=False, index=True),
    Column("credentials_version", String(32), nullable=False),
    Column("user_agent", String(300), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)
