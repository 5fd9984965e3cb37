"""Queries about groups."""

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import delete, insert, select, update

from app.database.constraints import unique
from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.lock_retries import retries_on_lock
from app.models.accounts.groups import Group, group_mappings, group_members, groups
from app.models.accounts.roles import group_subject, role_grants
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.administrators import (
    administrator_remains,
    is_administrative_group,
    lock_group,
    require_may_change_group,
)
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import write_events

group = groups.c
NAME = unique(group.name_key)

Changed = Literal["changed", "stale", "taken"]


class GroupRepository:
    """Groups. `is_full` says that the caller is a full administrator, who alone may change groups
    with a reserved role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(self, new: Group, *, event: NewEvent) -> bool:
        """Store a group; return False if its name is taken."""
        try:
            async with self._database.transaction(NAME) as connection:
                await connection.execute(insert(groups).values(values_in(groups, new)))
                await write_events(connection, event)
        except ConflictingRowError:
            return False
        return True

    @retries_on_lock
    async def change(
        self, before: Group, after: Group, *, is_full: bool, event: NewEvent
    ) -> Changed:
        """Replace `before` with `after`, unless it was changed or deleted meanwhile."""
        statement = (
            update(groups)
            .where(group.group_id == before.group_id, group.version == before.version)
            .values({**values_in(groups, after), "version": before.version + 1})
            .returning(group.group_id)
        )
        try:
            async with self._database.transaction(NAME) as connection:
                await lock_group(connection, before.group_id)
                await require_may_change_group(connection, before.group_id, is_full=is_full)
                if (await connection.execute(statement)).first() is None:
                    return "stale"
                await write_events(connection, event)
        except ConflictingRowError:
            return "taken"
        return "changed"

    @retries_on_lock
    async def delete(self, before: Group, *, is_full: bool, event: NewEvent) -> bool:
        """Delete a group with its memberships, mappings and grants.

        Return False if it was changed or deleted meanwhile. Raises `LastAdministratorError`.
        """
        async with self._database.transaction() as connection:
            await lock_group(connection, before.group_id)
            if not await is_administrative_group(connection, before.group_id):
                return await _delete(connection, before, event)
            await require_may_change_group(connection, before.group_id, is_full=is_full)
            async with administrator_remains(connection):
                return await _delete(connection, before, event)

    async def find(self, group_id: str) -> Group | None:
        return await self._database.find_one(
            select(groups).where(group.group_id == group_id), value=Group
        )

    async def find_by_name(self, name_key: str) -> Group | None:
        return await self._database.find_one(
            select(groups).where(group.name_key == name_key), value=Group
        )

    async def list_page(
        self, *, prefix: str = "", after: str = "", limit: int = 100
    ) -> Sequence[Group]:
        """Return a page of groups whose `name_key` begins with `prefix`, ordered by it, beginning
        after `after`."""
        query = select(groups).where(group.name_key > after)
        if prefix:
            query = query.where(group.name_key.startswith(prefix, autoescape=True))
        return await self._database.find_all(
            query.order_by(group.name_key).limit(limit), value=Group
        )

    async def any_has_second_factor(self) -> bool:
        """Return whether any group has a policy for the second factor."""
        has_one = group.second_factor > ""  # rather than not NULL, for the index
        statement = select(group.group_id).where(has_one).limit(1)
        return await self._database.fetch_one(statement) is not None

    async def known_ids(self, group_ids: Sequence[str]) -> set[str]:
        """Return those of the ids that are ids of groups."""
        rows = await self._database.fetch_all(
            select(group.group_id).where(group.group_id.in_(group_ids))
        )
        return {row.group_id for row in rows}


async def _delete(connection: Any, before: Group, event: NewEvent) -> bool:
    deleted = await connection.execute(
        delete(groups)
        .where(group.group_id == before.group_id, group.version == before.version)
        .returning(group.group_id)
    )
    if deleted.first() is None:
        return False
    for table in (group_members, group_mappings):
        await connection.execute(delete(table).where(table.c.group_id == before.group_id))
    subject = group_subject(before.group_id)
    await connection.execute(delete(role_grants).where(role_grants.c.subject == subject))
    await write_events(connection, event)
    return True
