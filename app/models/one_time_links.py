"""Links that prove whose mail was read, or that an administrator hands out; each counts once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, LargeBinary, String, Table

from app.database.types import Instant
from app.models.tables import metadata

RESET_PASSWORD = "reset_password"
VERIFY_EMAIL = "verify_email"
KNOW_NETWORK = "know_network"

one_time_links = Table(
    "one_time_links",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("purpose", String(30), nullable=False),
    Column("user_id", String(32), nullable=False, index=True),
    Column("credentials_version", String(32), nullable=False),
    Column("email", String(320)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("used_at", Instant),
)


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """`email` is the address that it proves, or the key of the one that it was sent to: None for
    one that an administrator hands out. A link dies when the person gets other credentials.
    """

    digest: bytes
    purpose: str
    user_id: str
    credentials_version: str
    email: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
