"""Queries about browsers that need no second factor for a while."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, select

from app.database.database import Database
from app.models.remembered_browsers import remembered_browsers
from app.models.users import User, users

remembered = remembered_browsers.c


class RememberedBrowserRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, digest: bytes, user: User, *, user_agent: str, now: datetime, expires_at: datetime
    ) -> None:
        await self._database.change(
            insert(remembered_browsers).values(
                digest=digest,
                user_id=user.user_id,
                credentials_version=user.credentials_version,
                user_agent=user_agent,
                created_at=now,
                expires_at=expires_at,
            )
        )

    async def owners(self, digests: Sequence[bytes], *, now: datetime) -> dict[bytes, str]:
        """Whose a browser is, by the digests of its secrets that still count."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(remembered.digest, remembered.user_id)
            .join(users, _still_counts(now))
            .where(remembered.digest.in_(digests))
        )
        return {bytes(row.digest): row.user_id for row in rows}

    async def count(self, user_id: str, *, now: datetime) -> int:
        row = await self._database.fetch_one(
            select(func.count())
            .select_from(remembered_browsers)
            .join(users, _still_counts(now))
            .where(remembered.user_id == user_id)
        )
        return int(row[0]) if row is not None else 0

    async def forget(self, user_id: str, digests: Sequence[bytes] | None = None) -> int:
        """Forgets the browsers of a person, or some of them; gives how many."""
        some = [remembered.digest.in_(digests)] if digests is not None else []
        gone = await self._database.change(
            delete(remembered_browsers)
            .where(remembered.user_id == user_id, *some)
            .returning(remembered.digest)
        )
        return len(gone)


def _still_counts(now: datetime) -> ColumnElement[bool]:
    """Not after its time, nor once its person got other credentials."""
    return and_(
        users.c.user_id == remembered.user_id,
        users.c.credentials_version == remembered.credentials_version,
        remembered.expires_at > now,
    )
