"""Rules about administrators, checked in the transaction of a change.

Locks are taken in the order user, group, role, so that two changes do not wait for each other.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import FullAdministratorRequiredError, LastAdministratorError
from app.models.accounts.groups import group_members, groups
from app.models.accounts.one_time_links import LinkPurpose, one_time_links
from app.models.accounts.roles import (
    ADMINISTRATOR,
    GROUP_PREFIX,
    RESERVED_ROLES,
    USER_PREFIX,
    group_subject,
    role_grants,
    roles,
    user_subject,
)
from app.models.accounts.users import users
from app.repositories.accounts.owners import lock_user

member, grant, user, link = group_members.c, role_grants.c, users.c, one_time_links.c
RESERVED = tuple(RESERVED_ROLES)


async def lock_group(connection: AsyncConnection, group_id: str) -> bool:
    """Lock a group's row until the commit; return False if there is no such group."""
    locked_id = await connection.scalar(
        select(groups.c.group_id).where(groups.c.group_id == group_id).with_for_update()
    )
    return locked_id is not None


async def lock_role(connection: AsyncConnection, role_id: str) -> bool:
    """Lock a role's row until the commit; return False if there is no such role."""
    locked_id = await connection.scalar(
        select(roles.c.role_id).where(roles.c.role_id == role_id).with_for_update()
    )
    return locked_id is not None


async def is_administrative_group(connection: AsyncConnection, group_id: str) -> bool:
    """Return whether the members of a group have a reserved role by it."""
    return await _is_true(connection, _holds_reserved(group_subject(group_id)))


async def is_administrative_user(connection: AsyncConnection, user_id: str) -> bool:
    """Return whether a user has a reserved role, directly or by a group."""
    by_group = exists().where(
        member.user_id == user_id,
        grant.subject == literal(GROUP_PREFIX).concat(member.group_id),
        grant.role_id.in_(RESERVED),
    )
    return await _is_true(connection, or_(_holds_reserved(user_subject(user_id)), by_group))


async def administrative_user_ids(connection: AsyncConnection) -> Sequence[str]:
    """Return the ids of the users who have a reserved role, directly or by a group."""
    result: Any = await connection.scalars(select(grant.subject).where(grant.role_id.in_(RESERVED)))
    subjects: Sequence[str] = result.all()
    groups_of = [
        each.removeprefix(GROUP_PREFIX) for each in subjects if each.startswith(GROUP_PREFIX)
    ]
    members = await connection.scalars(
        select(member.user_id).where(member.group_id.in_(groups_of)).distinct()
    )
    direct = [each.removeprefix(USER_PREFIX) for each in subjects if each.startswith(USER_PREFIX)]
    return [*direct, *members.all()]


async def require_may_change_group(
    connection: AsyncConnection, group_id: str, *, is_full: bool
) -> None:
    """Require a full administrator for a group with a reserved role.

    The caller has locked the row of the group. Raises `FullAdministratorRequiredError`.
    """
    if not is_full and await is_administrative_group(connection, group_id):
        raise FullAdministratorRequiredError


async def require_may_change_user(
    connection: AsyncConnection, user_id: str, *, is_full: bool
) -> None:
    """Require a full administrator for a user with a reserved role.

    The caller has locked the row of the user. Raises `FullAdministratorRequiredError`.
    """
    if not is_full and await is_administrative_user(connection, user_id):
        raise FullAdministratorRequiredError


async def lock_changeable_user(connection: AsyncConnection, user_id: str) -> bool:
    """Lock the row of a user whom a caller that is not a full administrator may change.

    Return False if the user was deleted. Raises `FullAdministratorRequiredError`.
    """
    if not await lock_user(connection, user_id):
        return False
    await require_may_change_user(connection, user_id, is_full=False)
    return True


async def require_may_verify(
    connection: AsyncConnection, email_key: str, *, of: str, is_full: bool
) -> None:
    """Require a full administrator to verify an email address that an administrator has.

    With it, the user `of` would receive the administrator's mail, and clients that know users by
    their address would mistake them for the administrator. Raises `FullAdministratorRequiredError`.
    """
    if is_full:
        return
    owners = await connection.scalars(
        select(user.user_id).where(user.email_key == email_key, user.user_id != of)
    )
    for owner_id in owners.all():
        await require_may_change_user(connection, owner_id, is_full=False)


async def revoke_links_before_promotion(
    connection: AsyncConnection, user_ids: Sequence[str] | Select[str]
) -> None:
    """Revoke links of users who get a reserved role now, which others may hold.

    Those are links that were returned to an administrator, who need not be a full one, and links
    to an address that is not verified. The caller has locked the rows of the users or their group.
    """
    may_be_held = or_(link.email.is_(None), link.purpose == LinkPurpose.VERIFY_EMAIL)
    await connection.execute(
        delete(one_time_links).where(
            link.user_id.in_(user_ids), link.used_at.is_(None), may_be_held
        )
    )


@asynccontextmanager
async def administrator_remains(connection: AsyncConnection) -> AsyncIterator[None]:
    """Refuse a change that leaves a server without an administrator who had one before.

    Such changes are made one after another, since each locks the role. Raises
    `LastAdministratorError`.
    """
    await lock_role(connection, ADMINISTRATOR)
    had_administrator = await _has_administrator(connection)
    yield
    if had_administrator and not await _has_administrator(connection):
        raise LastAdministratorError


@asynccontextmanager
async def user_is_not_last_administrator(
    connection: AsyncConnection, user_id: str
) -> AsyncIterator[None]:
    """Do as `administrator_remains`, for a change after which a user cannot sign in any more.

    The caller has locked the row of the user. For an ordinary user nothing is locked.
    """
    if not await is_administrative_user(connection, user_id):
        yield
        return
    async with administrator_remains(connection):
        yield


async def _has_administrator(connection: AsyncConnection) -> bool:
    """Return whether a user who is not disabled has the role `administrator`."""
    is_enabled = user.disabled_at.is_(None)
    id_in_subject = func.substr(grant.subject, len(USER_PREFIX) + 1)
    directly = (
        select(user.user_id)
        .select_from(role_grants.join(users, user.user_id == id_in_subject))
        .where(_is_grant_to(USER_PREFIX), is_enabled)
        .limit(1)
    )
    if (await connection.execute(directly)).first() is not None:
        return True
    id_in_subject = func.substr(grant.subject, len(GROUP_PREFIX) + 1)
    by_group = (
        select(user.user_id)
        .select_from(
            role_grants.join(group_members, member.group_id == id_in_subject).join(
                users, user.user_id == member.user_id
            )
        )
        .where(_is_grant_to(GROUP_PREFIX), is_enabled)
        .limit(1)
    )
    return (await connection.execute(by_group)).first() is not None


def _is_grant_to(prefix: str) -> ColumnElement[bool]:
    return (grant.role_id == ADMINISTRATOR) & grant.subject.startswith(prefix, autoescape=True)


def _holds_reserved(subject: str) -> ColumnElement[bool]:
    return exists().where(grant.subject == subject, grant.role_id.in_(RESERVED))


async def _is_true(connection: AsyncConnection, condition: ColumnElement[bool]) -> bool:
    statement: Select[Any] = select(literal(1)).where(condition)
    return (await connection.execute(statement)).first() is not None
