"""Queries about trusted browsers, which skip the second factor until they expire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, select

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.accounts.users import User, users
from app.models.factors.trusted_browsers import trusted_browsers
from app.models.operations.audit_outbox import NewEvent
from app.repositories.operations.audit_outbox import change_with_event, write_events

remembered = trusted_browsers.c


class TrustedBrowserRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(
        self,
        digest: bytes,
        user: User,
        *,
        replaces: Sequence[bytes],
        user_agent: str,
        now: datetime,
        expires_at: datetime,
        event: NewEvent,
    ) -> None:
        """Trust a browser, replacing the user's entries with the digests in `replaces`."""
        async with self._database.transaction() as connection:
            await connection.execute(
                delete(trusted_browsers).where(
                    remembered.user_id == user.user_id, remembered.digest.in_(replaces)
                )
            )
            await connection.execute(
                insert(trusted_browsers).values(
                    digest=digest,
                    user_id=user.user_id,
                    credentials_version=user.credentials_version,
                    user_agent=user_agent,
                    created_at=now,
                    expires_at=expires_at,
                )
            )
            await write_events(connection, event)

    async def owners(self, digests: Sequence[bytes], *, now: datetime) -> dict[bytes, str]:
        """Return the `user_id` for each digest that belongs to a valid trusted browser."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(remembered.digest, remembered.user_id)
            .join(users, _still_counts(now))
            .where(remembered.digest.in_(digests))
        )
        return {bytes(row.digest): row.user_id for row in rows}

    async def count(self, user_id: str, *, now: datetime) -> int:
        return await self._database.count(
            select(func.count())
            .select_from(trusted_browsers)
            .join(users, _still_counts(now))
            .where(remembered.user_id == user_id)
        )

    async def list_of(self, user_id: str, *, now: datetime) -> Sequence[bytes]:
        """Return the digests of the browsers that a user trusts."""
        return await self._database.find_all(
            select(remembered.digest)
            .join(users, _still_counts(now))
            .where(remembered.user_id == user_id),
            value=bytes,
        )

    async def forget_all(self, user_id: str, *, event: NewEvent) -> None:
        """Delete the trusted browsers of a user; write the event only if there were any."""
        statement = (
            delete(trusted_browsers)
            .where(remembered.user_id == user_id)
            .returning(remembered.digest)
        )
        await change_with_event(self._database, statement, event)


def _still_counts(now: datetime) -> ColumnElement[bool]:
    """Return a condition for unexpired entries of users whose credentials are unchanged."""
    return and_(
        users.c.user_id == remembered.user_id,
        users.c.credentials_version == remembered.credentials_version,
        remembered.expires_at > now,
    )
