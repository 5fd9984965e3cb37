"""Leases, which assign a task to one worker at a time."""

from sqlalchemy import Column, String, Table

from app.database.types import Instant
from app.models.tables import metadata

leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(32), nullable=False),
    Column("expires_at", Instant, nullable=False),
)
