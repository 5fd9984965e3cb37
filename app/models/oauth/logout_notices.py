"""Logout tokens that are pending delivery to clients (OpenID Connect Back-Channel Logout)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from app.database.types import Instant
from app.models.tables import metadata

logout_notices = Table(
    "logout_notices",
    metadata,
    Column("notice_id", String(300), primary_key=True),
    Column("client_id", String(255), nullable=False),
    Column("user_id", String(32), nullable=False),
    Column("session_id", String(32), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant, nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("pairwise_salt", LargeBinary),
)


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """A pending logout notice.

    `pairwise_salt` is the user's, for clients with pairwise subjects. It is copied because the user
    may be deleted before the notice is delivered.
    """

    notice_id: str
    client_id: str
    user_id: str
    session_id: str
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
    pairwise_salt: bytes | None
