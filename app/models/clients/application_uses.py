"""When and from where the clients that act for users last got tokens for them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, String, Table

from app.database.types import Instant
from app.models.tables import metadata

application_uses = Table(
    "application_uses",
    metadata,
    Column("user_id", String(32), primary_key=True),
    Column("client_id", String(255), primary_key=True),
    Column("last_used_at", Instant, nullable=False),
    Column("address", String(64), nullable=False),
    Index("ix_application_uses_client_id", "client_id"),
)


@dataclass(frozen=True, slots=True)
class ApplicationUse:
    """`address` is the IP address of the token request, or "" if it is not known."""

    user_id: str
    client_id: str
    last_used_at: datetime
    address: str
