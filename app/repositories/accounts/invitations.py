"""Invited users: stored with their link, and given a password by it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, insert

from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.lock_retries import retries_on_lock
from app.errors import FullAdministratorRequiredError
from app.models.accounts.groups import Membership, group_members
from app.models.accounts.one_time_links import LinkPurpose, OneTimeLink, one_time_links
from app.models.accounts.roles import RESERVED_ROLES, RoleGrant, role_grants
from app.models.accounts.unconfirmed_users import unconfirmed_users
from app.models.accounts.users import User, users
from app.models.operations.audit_outbox import NewEvent
from app.models.operations.mails import StoredMail
from app.repositories.accounts.administrators import (
    lock_group,
    lock_role,
    require_may_change_group,
    require_may_change_user,
)
from app.repositories.accounts.one_time_links import (
    consume_link,
    lock_owner_of_link,
    write_link,
)
from app.repositories.accounts.owners import lock_user
from app.repositories.accounts.search_index import index_new_user
from app.repositories.accounts.stored_claims import store_claims
from app.repositories.accounts.users import USERNAME
from app.repositories.inserts import values_in
from app.repositories.operations.audit_outbox import write_events
from app.security.tokens import new_identifier

INVITATION = LinkPurpose.ACCEPT_INVITATION
link = one_time_links.c

Stored = Literal["stored", "taken", "no_group", "no_role"]


class _ChangedMeanwhileError(Exception):
    """Raised to roll back the transaction."""


class InvitationRepository:
    """Invitations. `is_full` says that the caller is a full administrator."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(
        self,
        invited: User,
        made: OneTimeLink,
        *,
        memberships: Sequence[Membership],
        grants: Sequence[RoleGrant],
        mail: StoredMail | None,
        is_full: bool,
        event: NewEvent,
    ) -> Stored:
        """Store a user with their groups and roles, the link, and the mail that contains it.

        Store nothing if the username is taken, or if a group or role is unknown. Raises
        `FullAdministratorRequiredError`.
        """
        try:
            async with self._database.transaction(USERNAME) as connection:
                for group_id in sorted(each.group_id for each in memberships):
                    if not await lock_group(connection, group_id):
                        return "no_group"
                    await require_may_change_group(connection, group_id, is_full=is_full)
                for role_id in sorted(each.role_id for each in grants):
                    if role_id in RESERVED_ROLES and not is_full:
                        raise FullAdministratorRequiredError
                    if not await lock_role(connection, role_id):
                        return "no_role"
                await connection.execute(insert(users).values(values_in(users, invited)))
                await connection.execute(
                    insert(unconfirmed_users).values(
                        user_id=invited.user_id, since=invited.created_at
                    )
                )
                for table, rows in ((group_members, memberships), (role_grants, grants)):
                    if rows:
                        values = [values_in(table, row) for row in rows]
                        await connection.execute(insert(table), values)
                await index_new_user(connection, invited)
                await write_link(connection, made, mail=mail)
                await write_events(connection, event)
        except ConflictingRowError:
            return "taken"
        return "stored"

    @retries_on_lock
    async def accept(
        self,
        digest: bytes,
        owner: User,
        password_hash: str,
        claims: str,
        *,
        now: datetime,
        event: NewEvent,
    ) -> bool:
        """Consume a link, set the password of its owner, and store the claims that it verifies.

        Return False if the link is not valid, or if the claims changed since `owner` was read; in
        the second case the link remains valid.
        """
        try:
            async with self._database.transaction() as connection:
                await lock_owner_of_link(connection, owner.user_id)
                if not await consume_link(
                    connection, digest, INVITATION, owner_id=owner.user_id, now=now
                ):
                    return False
                credentials = {
                    "password_hash": password_hash,
                    "credentials_version": new_identifier(),
                }
                if not await store_claims(connection, owner, claims, now=now, **credentials):
                    raise _ChangedMeanwhileError
                await write_events(connection, event)
        except _ChangedMeanwhileError:
            return False
        return True

    @retries_on_lock
    async def revoke(self, user_id: str, *, is_full: bool, event: NewEvent) -> bool:
        """Delete the links that invite a user; return False if there is none."""
        statement = (
            delete(one_time_links)
            .where(link.user_id == user_id, link.purpose == INVITATION, link.used_at.is_(None))
            .returning(link.digest)
        )
        async with self._database.transaction() as connection:
            if not await lock_user(connection, user_id):
                return False
            await require_may_change_user(connection, user_id, is_full=is_full)
            if (await connection.execute(statement)).first() is None:
                return False
            await write_events(connection, event)
        return True
