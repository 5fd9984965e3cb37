"""Queries about the members of groups."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.accounts.groups import (
    MANUAL,
    Group,
    Membership,
    group_members,
    groups,
)
from app.models.accounts.users import users
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.administrators import (
    administrator_remains,
    is_administrative_group,
    lock_group,
    require_may_change_group,
    require_may_change_user,
    revoke_links_before_promotion,
)
from app.repositories.accounts.owners import lock_user
from app.repositories.accounts.prepared_accounts import withdraw_preparations
from app.repositories.inserts import upsert
from app.repositories.operations.audit_outbox import write_events

member, group, user = group_members.c, groups.c, users.c

Added = Literal["added", "present", "no_user", "no_group"]
Removed = Literal["removed", "absent", "of_provider"]


class NamedMember(NamedTuple):
    """A membership, with the username of the member."""

    user_id: str
    username: str
    source: str
    added_at: datetime


class GroupMemberRepository:
    """Members of groups. `is_full` says that the caller is a full administrator."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(
        self,
        group_id: str,
        user_id: str,
        *,
        is_full: bool,
        now: datetime,
        event: NewEvent,
        withdrawal: NewEvent,
    ) -> Added:
        """Make a user a member of a group, as an administrator decided.

        If the group has a reserved role, what others prepared for the user is withdrawn, with the
        event `withdrawal`.
        """
        statement = (
            upsert(self._database, group_members)
            .values(group_id=group_id, user_id=user_id, source=MANUAL, added_at=now)
            .on_conflict_do_nothing()
            .returning(member.user_id)
        )
        async with self._database.transaction() as connection:
            if not await lock_user(connection, user_id):
                return "no_user"
            if not await lock_group(connection, group_id):
                return "no_group"
            await _require_may_change(connection, group_id, user_id, is_full=is_full)
            if (await connection.execute(statement)).first() is None:
                return "present"
            if is_full and await is_administrative_group(connection, group_id):
                await revoke_links_before_promotion(connection, [user_id])
                await withdraw_preparations(connection, [user_id], event=withdrawal)
            await write_events(connection, event)
        return "added"

    @retries_on_lock
    async def remove(
        self, group_id: str, user_id: str, *, is_full: bool, event: NewEvent
    ) -> Removed:
        """End a membership that an administrator gave.

        One that an identity provider gives is renewed at each sign-in, so it is not ended here.
        Raises `LastAdministratorError`.
        """
        is_this_one = (member.group_id == group_id, member.user_id == user_id)
        async with self._database.transaction() as connection:
            await lock_user(connection, user_id)
            await lock_group(connection, group_id)
            await _require_may_change(connection, group_id, user_id, is_full=is_full)
            is_administrative = await is_administrative_group(connection, group_id)
            async with administrator_remains(connection) if is_administrative else nullcontext():
                deleted = await connection.execute(
                    delete(group_members)
                    .where(*is_this_one, member.source == MANUAL)
                    .returning(member.user_id)
                )
                if deleted.first() is None:
                    other = await connection.execute(select(member.source).where(*is_this_one))
                    return "absent" if other.first() is None else "of_provider"
                await write_events(connection, event)
        return "removed"

    async def list_page(
        self, group_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[Membership]:
        """Return memberships of a group, ordered by `user_id`, beginning after the user `after`.

        All memberships of a user are on one page, so that it can be longer than `limit`.
        """
        page = _page_of_users(group_id, after=after, limit=limit)
        return await self._database.find_all(
            select(group_members)
            .where(member.group_id == group_id, member.user_id.in_(page))
            .order_by(member.user_id, member.source),
            value=Membership,
        )

    async def list_named(
        self, group_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[NamedMember]:
        """Return what `list_page` returns, with the usernames."""
        page = _page_of_users(group_id, after=after, limit=limit)
        rows: Sequence[Any] = await self._database.fetch_all(
            select(member.user_id, user.username, member.source, member.added_at)
            .join(users, user.user_id == member.user_id)
            .where(member.group_id == group_id, member.user_id.in_(page))
            .order_by(member.user_id, member.source)
        )
        return [NamedMember(*row) for row in rows]

    async def list_manual(self, user_ids: Sequence[str]) -> Sequence[tuple[str, str]]:
        """Return the user and the group name of memberships that administrators gave, by name."""
        rows = await self._database.fetch_all(
            select(member.user_id, group.name)
            .join(groups, group.group_id == member.group_id)
            .where(member.user_id.in_(user_ids), member.source == MANUAL)
            .order_by(group.name_key)
        )
        return [(row.user_id, row.name) for row in rows]

    async def list_of_user(self, user_id: str) -> Sequence[tuple[Group, Membership]]:
        """Return the groups of a user, by name, each with a membership of the user."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(groups, group_members)
            .join(group_members, member.group_id == group.group_id)
            .where(member.user_id == user_id)
            .order_by(group.name_key, member.source)
        )
        width = len(groups.columns)
        return [(Group(*row[:width]), Membership(*row[width:])) for row in rows]


def _page_of_users(group_id: str, *, after: str, limit: int) -> Select[tuple[str]]:
    return (
        select(member.user_id)
        .where(member.group_id == group_id, member.user_id > after)
        .group_by(member.user_id)
        .order_by(member.user_id)
        .limit(limit)
    )


async def _require_may_change(
    connection: AsyncConnection, group_id: str, user_id: str, *, is_full: bool
) -> None:
    await require_may_change_group(connection, group_id, is_full=is_full)
    await require_may_change_user(connection, user_id, is_full=is_full)
