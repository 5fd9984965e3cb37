"""Users who registered and were not seen to have confirmed a second factor yet."""

from sqlalchemy import Column, String, Table

from app.database.types import Instant
from app.models.tables import metadata

unconfirmed_users = Table(
    "unconfirmed_users",
    metadata,
    Column("user_id", String(32), primary_key=True),
    Column("since", Instant, nullable=False, index=True),
)
"""`since` is when a user registered, or was last left alone because of a link that was valid.

A table of its own, so that neither a migration nor housekeeping reads or locks all users.
"""
