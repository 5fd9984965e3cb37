"""Mails that are pending delivery, encrypted because they contain valid links."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from app.database.types import Instant
from app.models.tables import metadata

mails = Table(
    "mails",
    metadata,
    Column("mail_id", String(32), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant, nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("last_error", String(200)),
)


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A pending mail.

    `sealed` is the recipient, subject, text and HTML, encrypted with `mail_id` as the context.
    `last_error` is why the last attempt failed.
    """

    mail_id: str
    sealed: bytes
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
    last_error: str | None = None
