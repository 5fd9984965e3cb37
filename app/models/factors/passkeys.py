"""Passkeys of users (Web Authentication)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, String, Table

from app.database.types import Instant
from app.models.tables import metadata

passkeys = Table(
    "passkeys",
    metadata,
    Column("passkey_id", String(32), primary_key=True),
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("user_id", String(32), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("name", String(100), nullable=False),
    Column("transports", String(200), nullable=False),
    Column("is_synced", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
)


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey of a user.

    `passkey_id` identifies it in forms, `credential_id` is the authenticator's identifier.
    `public_key` is a COSE key; `transports` are separated by spaces. `is_synced` is true if the
    passkey is backed up and so may be on more than one device.
    """

    passkey_id: str
    credential_id: bytes
    user_id: str
    public_key: bytes
    sign_count: int
    name: str
    transports: str
    is_synced: bool
    created_at: datetime
    last_used_at: datetime | None
