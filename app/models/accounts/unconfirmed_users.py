"""Users who registered and are not known to have confirmed a second factor."""

from sqlalchemy import Column, String, Table

from app.database.types import Instant
from app.models.tables import metadata

unconfirmed_users = Table(
    "unconfirmed_users",
    metadata,
    Column("user_id", String(32), primary_key=True),
    Column("since", Instant, nullable=False, index=True),
)
"""`since` is when the user registered, or was last kept because they had a valid one-time link.

It is a separate table, so that neither a migration nor housekeeping reads or locks all users.
"""
