"""Stored authorization requests: pushed (RFC 9126), or pending while the user interacts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, LargeBinary, String, Table, Text

from app.database.types import Instant
from app.models.tables import index_where_set, metadata

authorization_requests = Table(
    "authorization_requests",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("client_id", String(255), nullable=False),
    Column("parameters", Text, nullable=False),
    Column("session_id", String(32)),
    Column("consent_session_id", String(32)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("used_at", Instant),
    index_where_set("ix_authorization_requests_session_id", "session_id"),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A stored authorization request, identified by the digest of its secret name.

    `kind` is `pushed` or `interaction`; `parameters` is a JSON object. `session_id` is the session
    that was started or selected while the request was pending, `consent_session_id` the one in
    which the user gave consent. `used_at` is when the request was answered.
    """

    digest: bytes
    kind: str
    client_id: str
    parameters: str
    session_id: str | None
    consent_session_id: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
