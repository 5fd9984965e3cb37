"""Storing many users at once."""

from collections.abc import Mapping, Sequence

from sqlalchemy import insert, select

from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.lock_retries import retries_on_lock
from app.errors import FullAdministratorRequiredError
from app.models.accounts.attributes import UserAttributes, user_attributes
from app.models.accounts.groups import Membership, group_members
from app.models.accounts.roles import RESERVED_ROLES, RoleGrant, role_grants
from app.models.accounts.users import User, users
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.accounts import delete_accounts
from app.repositories.accounts.administrators import (
    lock_group,
    lock_role,
    require_may_change_group,
    require_may_verify,
)
from app.repositories.accounts.search_index import index_new_users
from app.repositories.accounts.users import USERNAME
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import write_events


class UserImportRepository:
    """Batches of users, which the caller keeps small: a transaction delays others' writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_by_keys(self, username_keys: Sequence[str]) -> Sequence[User]:
        """Return the users who have one of these usernames."""
        return await self._database.find_all(
            select(users).where(users.c.username_key.in_(username_keys)), value=User
        )

    async def list_verified(self, email_keys: Sequence[str]) -> Sequence[str]:
        """Return those of the email addresses that a user has verified."""
        return await self._database.find_all(
            select(users.c.email_key).where(users.c.email_key.in_(email_keys)).distinct(),
            value=str,
        )

    @retries_on_lock
    async def add_all(
        self,
        new_users: Sequence[User],
        memberships: Sequence[Membership],
        *,
        grants: Sequence[RoleGrant] = (),
        attributes: Sequence[UserAttributes] = (),
        is_full: bool,
        events: Sequence[NewEvent],
    ) -> bool:
        """Store users with their groups, roles and attributes, and the events of their creation.

        Store nothing and return False if a username is taken, or a group or role unknown. Raises
        `FullAdministratorRequiredError`. The users are not deleted if they never confirm a second
        factor.
        """
        role_ids = sorted({each.role_id for each in grants})
        if not is_full and set(role_ids) & set(RESERVED_ROLES):
            raise FullAdministratorRequiredError
        try:
            async with self._database.transaction(USERNAME) as connection:
                for group_id in sorted({each.group_id for each in memberships}):
                    if not await lock_group(connection, group_id):
                        return False
                    await require_may_change_group(connection, group_id, is_full=is_full)
                for role_id in role_ids:
                    if not await lock_role(connection, role_id):
                        return False
                for user in new_users if not is_full else ():
                    if user.email_key is not None:
                        await require_may_verify(
                            connection, user.email_key, of=user.user_id, is_full=is_full
                        )
                await connection.execute(
                    insert(users), [values_in(users, user) for user in new_users]
                )
                for table, rows in (
                    (group_members, memberships),
                    (role_grants, grants),
                    (user_attributes, attributes),
                ):
                    if rows:
                        values = [values_in(table, each) for each in rows]
                        await connection.execute(insert(table), values)
                await index_new_users(connection, new_users)
                await write_events(connection, *events)
        except ConflictingRowError:
            return False
        return True

    @retries_on_lock
    async def delete_all(self, events: Mapping[str, NewEvent]) -> None:
        """Delete users and all their data, each with its event; skip ids without a user."""
        async with self._database.transaction() as connection:
            stored = await connection.scalars(
                select(users.c.user_id)
                .where(users.c.user_id.in_(events))
                .order_by(users.c.user_id)
                .with_for_update()
            )
            user_ids = stored.all()
            await delete_accounts(connection, user_ids)
            await write_events(connection, *(events[user_id] for user_id in user_ids))
