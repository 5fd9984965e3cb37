"""Queries about logout tokens that are pending delivery."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update

from app.database.database import Database
from app.models.oauth.logout_notices import LogoutNotice, logout_notices

notice = logout_notices.c


class LogoutNoticeRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_due(
        self, *, now: datetime, limit: int, without: Collection[str] = ()
    ) -> Sequence[LogoutNotice]:
        """Return rows that are ready for their next attempt, except for the clients in `without`.

        The first row of every client comes before the second row of any client.
        """
        rank = func.row_number().over(
            partition_by=notice.client_id, order_by=(notice.next_attempt_at, notice.notice_id)
        )
        return await self._database.find_all(
            select(logout_notices)
            .where(notice.next_attempt_at <= now, notice.client_id.not_in(without))
            .order_by(rank, notice.next_attempt_at)
            .limit(limit),
            value=LogoutNotice,
        )

    async def take(self, logout_notice: LogoutNotice, *, next_attempt_at: datetime) -> bool:
        """Claim the next attempt for this caller; return False if another worker was first."""
        rows = await self._database.change(
            update(logout_notices)
            .where(
                notice.notice_id == logout_notice.notice_id,
                notice.attempts == logout_notice.attempts,
            )
            .values(attempts=logout_notice.attempts + 1, next_attempt_at=next_attempt_at)
            .returning(notice.notice_id)
        )
        return bool(rows)

    async def remove(self, notice_id: str) -> None:
        await self._database.change(delete(logout_notices).where(notice.notice_id == notice_id))
