"""Networks from which a user signed in recently.

Failed attempts from other networks do not rate-limit the user on these.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, LargeBinary, String, Table

from app.database.types import Instant
from app.models.tables import metadata

known_addresses = Table(
    "known_addresses",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("user_id", String(32), nullable=False, index=True),
    Column("expires_at", Instant, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class KnownNetwork:
    """A known network of a user; `digest` covers the user, the network and the way of sign-in."""

    digest: bytes
    user_id: str
    expires_at: datetime
