"""Search for users: the words that identify them, and when they last signed in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, String, Table

from app.database.types import Instant
from app.models.tables import metadata

BY_CODE_POINT = String(128).with_variant(String(128, collation="C"), "postgresql")
"""Compared by code point on both databases, so that a prefix is a range."""

user_search = Table(
    "user_search",
    metadata,
    Column("word", BY_CODE_POINT, primary_key=True),
    Column("user_id", String(32), primary_key=True),
    Index("ix_user_search_user_id", "user_id", "word"),
)

user_activity = Table(
    "user_activity",
    metadata,
    Column("user_id", String(32), primary_key=True),
    Column("last_sign_in_at", Instant),
    Column("inactive_since", Instant, nullable=False),
    Index("ix_user_activity_inactive_since", "inactive_since", "user_id"),
)


@dataclass(frozen=True, slots=True)
class UserActivity:
    """When a user last signed in to a session here.

    `last_sign_in_at` is None if they have not since this is recorded. `inactive_since` is the time
    of the last sign-in, or else of the account's creation or the beginning of the record.
    """

    user_id: str
    last_sign_in_at: datetime | None
    inactive_since: datetime
