"""Queries about the roles that users and groups have."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Select, delete, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.errors import FullAdministratorRequiredError
from app.models.accounts.groups import MANUAL, group_mappings, group_members, groups
from app.models.accounts.roles import (
    ADMINISTRATOR,
    GROUP_PREFIX,
    RESERVED_ROLES,
    USER_PREFIX,
    Role,
    RoleGrant,
    role_grants,
    roles,
    user_subject,
)
from app.models.accounts.users import users
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.administrators import (
    administrator_remains,
    lock_group,
    lock_role,
    require_may_change_group,
    require_may_change_user,
    revoke_links_before_promotion,
)
from app.repositories.accounts.owners import lock_user
from app.repositories.accounts.prepared_accounts import lock_members, withdraw_preparations
from app.repositories.inserts import upsert, values_in
from app.repositories.operations.audit_outbox import write_events

grant, role, group, user = role_grants.c, roles.c, groups.c, users.c

Granted = Literal["granted", "present", "no_subject", "no_role", "mapped"]


class NamedGrant(NamedTuple):
    """A grant with the name of the user or group, which is None for one that is being deleted."""

    subject: str
    name: str | None
    granted_at: datetime


class RoleGrantRepository:
    """Roles of users and groups. `is_full` says that the caller is a full administrator, who alone
    may grant a reserved role, or change the roles of a subject that has one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(
        self, new: RoleGrant, *, is_full: bool, event: NewEvent, withdrawal: NewEvent
    ) -> Granted:
        """Grant a role. With a reserved one, what others prepared for its users is withdrawn.

        `withdrawal` is the event of that. `mapped` means that an identity provider decides who is
        in the group: such a group cannot have a reserved role.
        """
        is_reserved = new.role_id in RESERVED_ROLES
        statement = (
            upsert(self._database, role_grants)
            .values(values_in(role_grants, new))
            .on_conflict_do_nothing()
            .returning(grant.role_id)
        )
        async with self._database.transaction() as connection:
            if is_reserved and new.subject.startswith(GROUP_PREFIX):
                await lock_members(connection, new.subject.removeprefix(GROUP_PREFIX))
            if not await _lock_subject(connection, new.subject):
                return "no_subject"
            await _require_may_change(connection, new.role_id, new.subject, is_full=is_full)
            if is_reserved and await _is_mapped(connection, new.subject):
                return "mapped"
            if not await lock_role(connection, new.role_id):
                return "no_role"
            if (await connection.execute(statement)).first() is None:
                return "present"
            if is_reserved:
                promoted = _users_of(new.subject)
                await revoke_links_before_promotion(connection, promoted)
                await withdraw_preparations(connection, promoted, event=withdrawal)
            await write_events(connection, event)
        return "granted"

    @retries_on_lock
    async def remove(self, role_id: str, subject: str, *, is_full: bool, event: NewEvent) -> bool:
        """Take a role away; return False if the subject does not have it.

        Raises `LastAdministratorError`.
        """
        statement = (
            delete(role_grants)
            .where(grant.role_id == role_id, grant.subject == subject)
            .returning(grant.role_id)
        )
        is_administrator = role_id == ADMINISTRATOR
        async with self._database.transaction() as connection:
            await _lock_subject(connection, subject)
            await _require_may_change(connection, role_id, subject, is_full=is_full)
            async with administrator_remains(connection) if is_administrator else nullcontext():
                if (await connection.execute(statement)).first() is None:
                    return False
                await write_events(connection, event)
        return True

    async def list_of_role(
        self, role_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[RoleGrant]:
        """Return a page of the grants of a role, ordered by subject, beginning after `after`."""
        return await self._database.find_all(
            select(role_grants)
            .where(grant.role_id == role_id, grant.subject > after)
            .order_by(grant.subject)
            .limit(limit),
            value=RoleGrant,
        )

    async def list_named(
        self, role_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[NamedGrant]:
        """Return what `list_of_role` returns, with the names of the users and groups."""
        user_id = func.substr(grant.subject, len(USER_PREFIX) + 1)
        group_id = func.substr(grant.subject, len(GROUP_PREFIX) + 1)
        is_group = grant.subject.startswith(GROUP_PREFIX)
        rows: Sequence[Any] = await self._database.fetch_all(
            select(grant.subject, func.coalesce(group.name, user.username), grant.granted_at)
            .select_from(
                role_grants.outerjoin(groups, is_group & (group.group_id == group_id)).outerjoin(
                    users, ~is_group & (user.user_id == user_id)
                )
            )
            .where(grant.role_id == role_id, grant.subject > after)
            .order_by(grant.subject)
            .limit(limit)
        )
        return [NamedGrant(*row) for row in rows]

    async def list_of_subject(self, subject: str) -> Sequence[Role]:
        """Return the roles of a user or group, without those that a user has by a group."""
        return await self._database.find_all(
            select(roles)
            .join(role_grants, grant.role_id == role.role_id)
            .where(grant.subject == subject)
            .order_by(role.client_id, role.name),
            value=Role,
        )

    async def list_of_users(self, user_ids: Sequence[str]) -> Sequence[tuple[str, Role]]:
        """Return each role that one of the users has, with the id of the user, by client and name.

        Roles by a group are left out.
        """
        rows: Sequence[Any] = await self._database.fetch_all(
            select(grant.subject, roles)
            .join(roles, grant.role_id == role.role_id)
            .where(grant.subject.in_([user_subject(user_id) for user_id in user_ids]))
            .order_by(role.client_id, role.name)
        )
        return [(row[0].removeprefix(USER_PREFIX), Role(*row[1:])) for row in rows]


def _users_of(subject: str) -> Sequence[str] | Select[str]:
    """Return the user of a subject, or the members of its group."""
    if not subject.startswith(GROUP_PREFIX):
        return [subject.removeprefix(USER_PREFIX)]
    group_id = subject.removeprefix(GROUP_PREFIX)
    return select(group_members.c.user_id).where(group_members.c.group_id == group_id)


async def _lock_subject(connection: AsyncConnection, subject: str) -> bool:
    if subject.startswith(GROUP_PREFIX):
        return await lock_group(connection, subject.removeprefix(GROUP_PREFIX))
    return await lock_user(connection, subject.removeprefix(USER_PREFIX))


async def _require_may_change(
    connection: AsyncConnection, role_id: str, subject: str, *, is_full: bool
) -> None:
    if role_id in RESERVED_ROLES and not is_full:
        raise FullAdministratorRequiredError
    if subject.startswith(GROUP_PREFIX):
        group_id = subject.removeprefix(GROUP_PREFIX)
        await require_may_change_group(connection, group_id, is_full=is_full)
    else:
        user_id = subject.removeprefix(USER_PREFIX)
        await require_may_change_user(connection, user_id, is_full=is_full)


async def _is_mapped(connection: AsyncConnection, subject: str) -> bool:
    """Return whether an identity provider gives memberships of this group, or has given any."""
    if not subject.startswith(GROUP_PREFIX):
        return False
    group_id = subject.removeprefix(GROUP_PREFIX)
    is_mapped = exists().where(group_mappings.c.group_id == group_id)
    has_given = exists().where(
        group_members.c.group_id == group_id, group_members.c.source != MANUAL
    )
    row = await connection.execute(select(literal(1)).where(or_(is_mapped, has_given)))
    return row.first() is not None
