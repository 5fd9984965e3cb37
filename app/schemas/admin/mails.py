"""Pending mails in the admin API."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.schemas.admin.listing import Listing


class MailResource(BaseModel):
    """A pending mail, without its subject, its text and its links."""

    mail_id: str
    kind: str | None = Field(description="Null for a mail that cannot be opened.")
    recipient: str | None
    attempts: int
    last_error: str | None
    next_attempt_at: datetime
    created_at: datetime


class MailList(Listing):
    items: list[MailResource]
