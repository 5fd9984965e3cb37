"""Finding and deleting users who never confirmed a second factor."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, exists, literal, select, update

from app.database.database import Database
from app.models.accounts.groups import group_members
from app.models.accounts.one_time_links import one_time_links
from app.models.accounts.roles import USER_PREFIX, role_grants
from app.models.accounts.sessions import sessions
from app.models.accounts.unconfirmed_users import unconfirmed_users
from app.models.accounts.users import users
from app.models.clients.consents import consents
from app.models.factors.passkeys import passkeys
from app.models.federation.identity_providers import upstream_identities
from app.models.oauth.token_families import token_families
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.accounts import delete_accounts
from app.repositories.operations.audit_outbox import write_events

SIGNS_OF_USE = (
    passkeys,
    upstream_identities,
    sessions,
    token_families,
    consents,
    group_members,
)
"""Tables with rows of users who have signed in before, can sign in another way, or were prepared by
an administrator."""
user, unconfirmed, link = users.c, unconfirmed_users.c, one_time_links.c


class UnconfirmedUserRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_due(self, *, before: datetime, limit: int) -> Sequence[str]:
        """Return the ids of users who registered before the time `before`, oldest first."""
        return await self._database.find_all(
            select(unconfirmed.user_id)
            .where(unconfirmed.since < before)
            .order_by(unconfirmed.since)
            .limit(limit),
            value=str,
        )

    async def settle(self, events: Mapping[str, NewEvent], *, now: datetime) -> int:
        """Delete the given users if they are still unconfirmed, and write their events.

        Return how many were removed from the list: the deleted users, and those who are confirmed
        or have signed in before. A user with a valid link is checked again later. A user whose row
        is locked, for example by a concurrent confirmation, stays listed.
        """
        async with self._database.transaction() as connection:
            locked = await connection.scalars(
                select(user.user_id)
                .where(user.user_id.in_(events))
                .order_by(user.user_id)
                .with_for_update(skip_locked=True)
            )
            user_ids = locked.all()
            has_link = exists().where(
                link.user_id == user.user_id, link.used_at.is_(None), link.expires_at > now
            )
            # a second statement, so that it sees all that was committed before the locks were taken
            unused = await connection.execute(
                select(user.user_id, has_link.label("has_link")).where(
                    user.user_id.in_(user_ids),
                    user.otp_confirmed_at.is_(None),
                    user.disabled_at.is_(None),
                    *(~exists().where(t.c.user_id == user.user_id) for t in SIGNS_OF_USE),
                    ~exists().where(
                        role_grants.c.subject == literal(USER_PREFIX).concat(user.user_id)
                    ),
                )
            )
            rows = unused.all()
            unused_ids = [row.user_id for row in rows if not row.has_link]
            linked_ids = [row.user_id for row in rows if row.has_link]
            await connection.execute(
                update(unconfirmed_users)
                .where(unconfirmed.user_id.in_(linked_ids))
                .values(since=now)
            )
            settled = [user_id for user_id in user_ids if user_id not in set(linked_ids)]
            await connection.execute(
                delete(unconfirmed_users).where(unconfirmed.user_id.in_(settled))
            )
            await delete_accounts(connection, unused_ids)
            await write_events(connection, *(events[user_id] for user_id in unused_ids))
        return len(settled)
