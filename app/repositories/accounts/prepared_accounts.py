"""Withdrawal of what others prepared in accounts, before these get an administrative role.

The password, every second factor and what substitutes for them, linked identities, the verified
address, sessions and tokens may be known to someone who is not a full administrator, or may have
been created by them in the account.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models.accounts.groups import group_members
from app.models.accounts.one_time_links import one_time_links
from app.models.accounts.prepared_accounts import prepared_accounts
from app.models.accounts.unconfirmed_users import unconfirmed_users
from app.models.accounts.users import User, users
from app.models.factors.passkeys import passkeys
from app.models.factors.recovery_codes import recovery_codes
from app.models.factors.trusted_browsers import trusted_browsers
from app.models.federation.identity_providers import upstream_identities
from app.models.oauth.personal_tokens import personal_tokens
from app.models.oauth.token_families import token_families
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.ended_links import note_ended_links
from app.repositories.accounts.session_endings import end_sessions
from app.repositories.accounts.stored_claims import store_claims
from app.repositories.oauth.redemptions import void_codes
from app.repositories.operations.audit_outbox import write_events
from app.security.passwords import NO_PASSWORD
from app.security.tokens import new_identifier, new_ordered_identifier

EMPTIED = (
    passkeys,
    recovery_codes,
    trusted_browsers,
    upstream_identities,
    one_time_links,
    personal_tokens,
    unconfirmed_users,
    prepared_accounts,
)
"""Tables from which the rows of a user are deleted."""
prepared, family = prepared_accounts.c, token_families.c


async def lock_members(connection: AsyncConnection, group_id: str) -> None:
    """Lock the rows of the members of a group until the commit, before that of the group.

    Nobody prepares one of the accounts while the group gets an administrative role.
    """
    of_group = select(group_members.c.user_id).where(group_members.c.group_id == group_id)
    await connection.execute(
        select(users.c.user_id)
        .where(users.c.user_id.in_(of_group))
        .order_by(users.c.user_id)
        .with_for_update()
    )


async def withdraw_preparations(
    connection: AsyncConnection, user_ids: Sequence[str] | Select[str], *, event: NewEvent
) -> None:
    """Withdraw what others prepared in the accounts of users, who get an administrative role now.

    Such a user cannot sign in any more until a full administrator gives them a new credential. Each
    withdrawal is recorded by a copy of `event`. The caller has locked the rows of the users.
    """
    result = await connection.execute(
        select(users)
        .where(users.c.user_id.in_(select(prepared.user_id).where(prepared.user_id.in_(user_ids))))
        .order_by(users.c.user_id)
    )
    for row in result.all():
        user = User(*row)
        await _withdraw(connection, user, event=event)
        await write_events(
            connection, replace(event, event_id=new_ordered_identifier(), user_id=user.user_id)
        )


async def _withdraw(connection: AsyncConnection, user: User, *, event: NewEvent) -> None:
    claims = {**user.claim_values}
    claims.pop("email_verified", None)
    await store_claims(
        connection,
        user,
        json.dumps(claims),
        now=event.at,
        password_hash=NO_PASSWORD,
        otp_secret=None,
        otp_confirmed_at=None,
        otp_last_step=None,
        otp_drift=0,
        otp_recent_steps=None,
        credentials_version=new_identifier(),
    )
    await void_codes(connection, now=event.at, user_id=user.user_id)
    await end_sessions(connection, user.user_id, except_session_id=None, now=event.at)
    await connection.execute(
        update(token_families)
        .where(family.user_id == user.user_id, family.revoked_at.is_(None))
        .values(revoked_at=event.at)
    )
    await note_ended_links(connection, upstream_identities.c.user_id == user.user_id, now=event.at)
    for table in EMPTIED:
        await connection.execute(delete(table).where(table.c.user_id == user.user_id))
