"""Queries about mails that are pending delivery."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.operations.audit_outbox import NewEvent
from app.models.operations.mails import StoredMail, mails
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import write_events

mail = mails.c


class MailRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(self, stored_mail: StoredMail, *, event: NewEvent | None = None) -> None:
        """Store a mail, and the audit event that records it."""
        async with self._database.transaction() as connection:
            await write_mail(connection, stored_mail)
            if event is not None:
                await write_events(connection, event)

    async def list_due(self, *, now: datetime, limit: int) -> Sequence[StoredMail]:
        return await self._database.find_all(
            select(mails)
            .where(mail.next_attempt_at <= now)
            .order_by(mail.next_attempt_at)
            .limit(limit),
            value=StoredMail,
        )

    async def take(self, stored_mail: StoredMail, *, next_attempt_at: datetime) -> bool:
        """Claim the next attempt for this caller; return False if another worker was first."""
        rows = await self._database.change(
            update(mails)
            .where(mail.mail_id == stored_mail.mail_id, mail.attempts == stored_mail.attempts)
            .values(attempts=stored_mail.attempts + 1, next_attempt_at=next_attempt_at)
            .returning(mail.mail_id)
        )
        return bool(rows)

    async def fail(self, mail_id: str, error: str) -> None:
        """Record why an attempt failed."""
        await self._database.change(
            update(mails).where(mail.mail_id == mail_id).values(last_error=error)
        )

    async def list_page(self, *, after: str = "", limit: int = 100) -> Sequence[StoredMail]:
        """Return a page of mails, ordered by `mail_id`, beginning after `after`."""
        return await self._database.find_all(
            select(mails).where(mail.mail_id > after).order_by(mail.mail_id).limit(limit),
            value=StoredMail,
        )

    async def remove(self, mail_id: str) -> None:
        await self._database.change(delete(mails).where(mail.mail_id == mail_id))


async def write_mail(connection: AsyncConnection, stored_mail: StoredMail) -> None:
    """Store a mail in the transaction of the change it reports."""
    await connection.execute(insert(mails).values(values_in(mails, stored_mail)))
