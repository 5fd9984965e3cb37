"""Mails that still have to leave, sealed: they hold links that count."""

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
)


@dataclass(frozen=True, slots=True)
class StoredMail:
    """`sealed` holds recipient, subject, text and HTML; its context is `mail_id`."""

    mail_id: str
    sealed: bytes
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
