"""Device codes (RFC 8628), stored as digests, with the short code that the user types."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text

from app.database.types import Instant
from app.models.tables import index_where_set, metadata

device_codes = Table(
    "device_codes",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("user_code", String(16), nullable=False, unique=True),
    Column("family_id", String(32), nullable=False),
    Column("client_id", String(255), nullable=False),
    Column("scope", Text, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("interval", Integer, nullable=False),
    Column("last_polled_at", Instant),
    Column("approved_at", Instant),
    Column("denied_at", Instant),
    Column("user_id", String(32)),
    Column("credentials_version", String(32)),
    Column("session_id", String(32)),
    Column("auth_time", Instant),
    Column("acr", String(100)),
    Column("amr", String(100)),
    Column("used_at", Instant),
    Column("used_for", LargeBinary),
    Column("resources", Text),
    Column("confirmation", Text),
    Column("authorization_details", Text),
    index_where_set("ix_device_codes_session_id", "session_id"),
    index_where_set("ix_device_codes_user_id", "user_id", "client_id"),
    sqlite_with_rowid=False,
)


class DeviceCodeColumns(NamedTuple):
    """The columns of a device code, without its digest."""

    user_code: str
    family_id: str
    client_id: str
    scope: str
    issued_at: datetime
    expires_at: datetime
    interval: int
    last_polled_at: datetime | None
    approved_at: datetime | None
    denied_at: datetime | None
    user_id: str | None
    credentials_version: str | None
    session_id: str | None
    auth_time: datetime | None
    acr: str | None
    amr: str | None
    used_at: datetime | None
    used_for: bytes | None
    resources: str | None = None
    confirmation: str | None = None
    authorization_details: str | None = None


class DeviceCode(DeviceCodeColumns):
    """The authorization of a device, pending or decided. `interval` is in seconds."""
