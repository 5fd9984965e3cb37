"""What an administrator sees of a user and no other query returns."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from app.database.database import Database
from app.models.accounts.one_time_links import LinkPurpose, one_time_links
from app.models.accounts.user_search import user_activity
from app.models.factors.recovery_codes import recovery_codes

activity, code, link = user_activity.c, recovery_codes.c, one_time_links.c


class UserFigures(NamedTuple):
    """Figures of a user. `invited_until` is None without a valid invitation."""

    last_sign_in_at: datetime | None
    recovery_codes_left: int
    invited_until: datetime | None


class UserDetailsRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, user_id: str, *, now: datetime) -> UserFigures:
        last_sign_in = select(activity.last_sign_in_at).where(activity.user_id == user_id)
        codes_left = select(func.count()).where(code.user_id == user_id, code.used_at.is_(None))
        invited_until = select(func.max(link.expires_at)).where(
            link.user_id == user_id,
            link.purpose == LinkPurpose.ACCEPT_INVITATION,
            link.used_at.is_(None),
            link.expires_at > now,
        )
        parts = (last_sign_in, codes_left, invited_until)
        figures = await self._database.find_one(
            select(*(part.scalar_subquery() for part in parts)), value=UserFigures
        )
        return figures or UserFigures(None, 0, None)
