"""The rows that belong to a user account: read together, and deleted together."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.accounts.attributes import user_attributes
from app.models.accounts.groups import group_members
from app.models.accounts.known_networks import known_addresses
from app.models.accounts.one_time_links import one_time_links
from app.models.accounts.prepared_accounts import prepared_accounts
from app.models.accounts.roles import role_grants, user_subject
from app.models.accounts.sessions import sessions
from app.models.accounts.unconfirmed_users import unconfirmed_users
from app.models.accounts.user_search import user_activity, user_search
from app.models.accounts.users import users
from app.models.clients.application_uses import application_uses
from app.models.clients.consents import consents
from app.models.factors.passkeys import Passkey, passkeys
from app.models.factors.recovery_codes import recovery_codes
from app.models.factors.trusted_browsers import trusted_browsers
from app.models.factors.used_codes import used_codes
from app.models.federation.identity_providers import LinkedIdentity, upstream_identities
from app.models.oauth.access_tokens import access_tokens
from app.models.oauth.authorization_codes import authorization_codes
from app.models.oauth.authorization_requests import authorization_requests
from app.models.oauth.device_codes import device_codes
from app.models.oauth.personal_tokens import PersonalToken, personal_tokens
from app.models.oauth.refresh_tokens import refresh_tokens
from app.models.oauth.token_families import token_families
from app.models.oauth.trusted_issuers import trusted_issuers
from app.models.oauth.used_refresh_tokens import used_refresh_tokens
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.administrators import (
    require_may_change_user,
    user_is_not_last_administrator,
)
from app.repositories.accounts.ended_links import note_ended_links
from app.repositories.accounts.owners import lock_user
from app.repositories.accounts.session_endings import end_sessions
from app.repositories.operations.audit_outbox import write_events

TABLES_OF_A_USER = (
    sessions,
    authorization_codes,
    device_codes,
    access_tokens,
    token_families,
    consents,
    application_uses,
    passkeys,
    recovery_codes,
    trusted_browsers,
    known_addresses,
    one_time_links,
    upstream_identities,
    unconfirmed_users,
    prepared_accounts,
    group_members,
    user_attributes,
    user_activity,
    user_search,
    personal_tokens,
    trusted_issuers,
)
"""Tables of rows that belong to one user, in the order in which other transactions lock them."""


Value = TypeVar("Value")


class AccountRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_passkeys(self, user_id: str) -> Sequence[Passkey]:
        return await self._list(passkeys, user_id, Passkey)

    async def list_personal_tokens(self, user_id: str) -> Sequence[PersonalToken]:
        return await self._list(personal_tokens, user_id, PersonalToken)

    async def list_identities(self, user_id: str) -> Sequence[LinkedIdentity]:
        """Return the external identities that are linked to a user."""
        return await self._list(upstream_identities, user_id, LinkedIdentity)

    async def list_trusted_browsers(self, user_id: str) -> Sequence[tuple[str, datetime]]:
        """Return the user agent of each trusted browser, and the time since it has been trusted."""
        remembered = trusted_browsers.c
        return await self._database.find_all(
            select(remembered.user_agent, remembered.created_at).where(
                remembered.user_id == user_id
            ),
            value=_agent_and_time,
        )

    async def count_recovery_codes(self, user_id: str) -> int:
        """Return the number of unused recovery codes."""
        return await self._database.count(
            select(func.count()).where(
                recovery_codes.c.user_id == user_id, recovery_codes.c.used_at.is_(None)
            )
        )

    @retries_on_lock
    async def delete(
        self, user_id: str, *, is_full: bool, now: datetime, events: Sequence[NewEvent]
    ) -> bool:
        """Delete a user and all their data in one step; return False if already deleted.

        The audit log is append-only and is kept, and so are the notices that inform clients of the
        end of the user's sessions. `is_full` says that the caller is a full administrator, or the
        user. Raises `LastAdministratorError`.
        """
        async with self._database.transaction() as connection:
            await lock_user(connection, user_id)
            await require_may_change_user(connection, user_id, is_full=is_full)
            async with user_is_not_last_administrator(connection, user_id):
                await end_sessions(connection, user_id, except_session_id=None, now=now)
                deleted = await connection.execute(
                    delete(users).where(users.c.user_id == user_id).returning(users.c.user_id)
                )
                if deleted.first() is None:
                    return False
                await note_ended_links(
                    connection, upstream_identities.c.user_id == user_id, now=now
                )
                await delete_rows_of(connection, [user_id])
            await write_events(connection, *events)
        return True

    async def _list(
        self, table: Table, user_id: str, value: Callable[..., Value]
    ) -> Sequence[Value]:
        statement = select(table).where(table.c.user_id == user_id)
        return await self._database.find_all(statement, value=value)


def _agent_and_time(user_agent: str, created_at: datetime) -> tuple[str, datetime]:
    return user_agent, created_at


async def delete_accounts(connection: AsyncConnection, user_ids: Sequence[str]) -> None:
    """Delete users and all their data, in the transaction of the caller."""
    if user_ids:
        await connection.execute(delete(users).where(users.c.user_id.in_(user_ids)))
        await delete_rows_of(connection, user_ids)


async def delete_rows_of(connection: AsyncConnection, user_ids: Sequence[str]) -> None:
    """Delete the data of users who were deleted in the same transaction."""
    await connection.execute(
        delete(authorization_requests).where(
            authorization_requests.c.session_id.in_(_keys(sessions, "session_id", user_ids))
        )
    )
    for family_table in (refresh_tokens, used_refresh_tokens, used_codes):
        await connection.execute(
            delete(family_table).where(
                family_table.c.family_id.in_(_keys(token_families, "family_id", user_ids))
            )
        )
    await connection.execute(
        delete(role_grants).where(role_grants.c.subject.in_(map(user_subject, user_ids)))
    )
    for table in TABLES_OF_A_USER:
        await connection.execute(delete(table).where(table.c.user_id.in_(user_ids)))


def _keys(table: Table, name: str, user_ids: Sequence[str]) -> Select[Any]:
    return select(table.c[name]).where(table.c.user_id.in_(user_ids))
