"""Accounts for which others may hold credentials."""

from sqlalchemy import Column, String, Table

from app.database.types import Instant
from app.models.tables import metadata

prepared_accounts = Table(
    "prepared_accounts",
    metadata,
    Column("user_id", String(32), primary_key=True),
    Column("since", Instant, nullable=False),
)
"""Users whose credentials were set, or could be, by an administrator who is not a full one.

`since` is the first time. Before a user gets an administrative role, what was prepared is
withdrawn, and the row is deleted.
"""
