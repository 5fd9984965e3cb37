"""One-time links, mailed to prove control of an email address or issued by an administrator."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, LargeBinary, String, Table

from app.database.types import Instant
from app.models.tables import metadata


class LinkPurpose(StrEnum):
    """What a link is valid for. The values are stored."""

    RESET_PASSWORD = "reset_password"
    VERIFY_EMAIL = "verify_email"
    ALLOW_NETWORK = "know_network"
    ACCEPT_INVITATION = "invitation"


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
    """A link that can be used once.

    `email` is the email address that the link verifies, or the `email_key` of the one it was sent
    to; it is None for a link issued by an administrator. A link is invalidated when the user's
    credentials change.
    """

    digest: bytes
    purpose: LinkPurpose
    user_id: str
    credentials_version: str
    email: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
