"""When clients last got tokens, and the ids of clients that were deleted."""

from sqlalchemy import Column, String, Table

from app.database.types import Instant
from app.models.tables import metadata

client_usage = Table(
    "client_usage",
    metadata,
    Column("client_id", String(255), primary_key=True),
    Column("last_token_at", Instant, nullable=False),
)

retired_client_ids = Table(
    "retired_client_ids",
    metadata,
    Column("client_id", String(255), primary_key=True),
    Column("retired_at", Instant, nullable=False),
)
