"""Rows of users that a server of the release before has deleted: it knows fewer tables."""

from collections.abc import Sequence

from sqlalchemy import select, union

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.accounts.attributes import user_attributes
from app.models.accounts.groups import group_members
from app.models.accounts.user_search import user_activity
from app.models.accounts.users import users
from app.repositories.accounts.accounts import delete_rows_of

TABLES = (user_activity, group_members, user_attributes)
"""Tables by which missing users are found; indexed users and holders of roles have an activity."""


class MissingUserRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_page(self, *, after: str, limit: int) -> Sequence[tuple[str, bool]]:
        """Return ids of users in the tables, and whether the users exist."""
        pages = (
            select(table.c.user_id)
            .where(table.c.user_id > after)
            .order_by(table.c.user_id)
            .distinct()
            .limit(limit)
            .subquery()
            for table in TABLES
        )
        ids = union(*(select(page.c.user_id) for page in pages)).subquery()
        # PostgreSQL may read all users once for an EXISTS, but never for a scalar subquery
        existing_id = select(users.c.user_id).where(users.c.user_id == ids.c.user_id)
        return await self._database.find_all(
            select(ids.c.user_id, existing_id.scalar_subquery().is_not(None))
            .order_by(ids.c.user_id)
            .limit(limit),
            value=_id_and_existence,
        )

    @retries_on_lock
    async def delete_rows(self, user_ids: Sequence[str]) -> int:
        """Delete the rows of those users who are still missing, and return how many there are."""
        async with self._database.transaction() as connection:
            existing = await connection.scalars(
                select(users.c.user_id).where(users.c.user_id.in_(user_ids))
            )
            missing = sorted(set(user_ids) - set(existing.all()))
            if missing:
                await delete_rows_of(connection, missing)
        return len(missing)


def _id_and_existence(user_id: str, is_existing: object) -> tuple[str, bool]:
    return user_id, bool(is_existing)
