"""Recovery codes for users without their second factor; single-use, stored as digests."""

from sqlalchemy import Column, LargeBinary, String, Table

from app.database.types import Instant
from app.models.tables import metadata

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("user_id", String(32), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
)
