"""Queries about identity providers and external identities."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import delete, func, insert, select, update

from app.database.constraints import unique
from app.database.database import Database
from app.database.errors import ConflictingRowError
from app.database.lock_retries import retries_on_lock
from app.models.accounts.groups import group_mappings
from app.models.accounts.users import User, users
from app.models.factors.passkeys import passkeys
from app.models.federation.ended_links import ended_links
from app.models.federation.identity_providers import (
    IdentityProvider,
    LinkedIdentity,
    upstream_identities,
    upstream_providers,
)
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.administrators import require_may_verify
from app.repositories.accounts.credentials import renew_credentials
from app.repositories.accounts.ended_links import digest_of_identity, note_ended_links
from app.repositories.accounts.group_mappings import (
    end_memberships_of,
    end_memberships_without_identity,
)
from app.repositories.accounts.owners import lock_owner
from app.repositories.accounts.search_index import index_new_user
from app.repositories.accounts.users import USERNAME
from app.repositories.inserts import upsert, values_in
from app.repositories.operations.audit_outbox import change_with_event, write_events
from app.security.passwords import has_password

provider, identity = upstream_providers.c, upstream_identities.c
PROVIDER = unique(provider.name)
IDENTITY = unique(identity.issuer, identity.subject)

Unlinked = Literal["unlinked", "unknown", "last"]


class IdentityProviderRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def add(self, provider: IdentityProvider, *, event: NewEvent) -> bool:
        """Store an identity provider; return False if its name is taken."""
        try:
            async with self._database.transaction(PROVIDER) as connection:
                await connection.execute(
                    insert(upstream_providers).values(values_in(upstream_providers, provider))
                )
                await write_events(connection, event)
        except ConflictingRowError:
            return False
        return True

    async def find(self, name: str) -> IdentityProvider | None:
        return await self._database.find_one(
            select(upstream_providers).where(provider.name == name),
            value=IdentityProvider,
        )

    async def list_all(self) -> Sequence[IdentityProvider]:
        """Return all identity providers in the order in which they were added."""
        return await self._database.find_all(
            select(upstream_providers).order_by(provider.created_at, provider.name),
            value=IdentityProvider,
        )

    async def count_linked(self) -> dict[str, int]:
        """Return the number of linked accounts by provider name, omitting providers without any."""
        link_count = select(func.count()).where(identity.provider == provider.name)
        rows: Sequence[Any] = await self._database.fetch_all(
            select(provider.name, link_count.scalar_subquery())
        )
        return {name: int(count) for name, count in rows if count}

    async def set_disabled(
        self, name: str, disabled_at: datetime | None, *, event: NewEvent
    ) -> bool:
        statement = (
            update(upstream_providers)
            .where(provider.name == name)
            .values(disabled_at=disabled_at, version=provider.version + 1)
            .returning(provider.name)
        )
        return bool(await change_with_event(self._database, statement, event))

    async def change(
        self, before: IdentityProvider, after: IdentityProvider, *, event: NewEvent
    ) -> bool:
        """Replace `before` with `after`; return False if it was changed or removed meanwhile."""
        statement = (
            update(upstream_providers)
            .where(provider.name == before.name, provider.version == before.version)
            .values({**values_in(upstream_providers, after), "version": before.version + 1})
            .returning(provider.name)
        )
        return bool(await change_with_event(self._database, statement, event))

    @retries_on_lock
    async def remove(self, name: str, *, event: NewEvent) -> int | None:
        """Remove an identity provider, unlink every account from it, and end its memberships.

        Return how many accounts were unlinked, or None if the provider is unknown.
        """
        async with self._database.transaction() as connection:
            deleted = await connection.execute(
                delete(upstream_providers).where(provider.name == name).returning(provider.name)
            )
            if deleted.first() is None:
                return None
            await note_ended_links(connection, identity.provider == name, now=event.at)
            linked = await connection.execute(
                delete(upstream_identities)
                .where(identity.provider == name)
                .returning(identity.user_id)
            )
            await connection.execute(
                delete(group_mappings).where(group_mappings.c.provider_id == name)
            )
            await end_memberships_of(connection, name)
            await write_events(connection, event)
            return len(linked.all())

    async def find_identity(self, issuer: str, subject: str) -> LinkedIdentity | None:
        return await self._database.find_one(
            select(upstream_identities).where(
                identity.issuer == issuer, identity.subject == subject
            ),
            value=LinkedIdentity,
        )

    async def has_ended_link(self, issuer: str, subject: str) -> bool:
        """Return whether an identity was linked before, to a user who may have been deleted."""
        digest = digest_of_identity(issuer, subject)
        statement = select(ended_links.c.digest).where(ended_links.c.digest == digest)
        return await self._database.find_one(statement, value=bytes) is not None

    async def list_of(self, user_id: str) -> Sequence[LinkedIdentity]:
        return await self._database.find_all(
            select(upstream_identities)
            .where(identity.user_id == user_id)
            .order_by(identity.linked_at),
            value=LinkedIdentity,
        )

    @retries_on_lock
    async def link(self, linked_identity: LinkedIdentity, owner: User, *, event: NewEvent) -> bool:
        """Link an external identity to a user.

        Return False if it is already linked, or if the user was deleted or their credentials
        changed since `owner` was read.
        """
        statement = upsert(self._database, upstream_identities).values(
            values_in(upstream_identities, linked_identity)
        )
        async with self._database.transaction() as connection:
            if not await lock_owner(connection, owner):
                return False
            stored = await connection.execute(
                statement.on_conflict_do_nothing(
                    index_elements=[identity.issuer, identity.subject]
                ).returning(identity.subject)
            )
            if stored.first() is None:
                return False
            await write_events(connection, event)
            return True

    @retries_on_lock
    async def add_user(
        self, user: User, linked_identity: LinkedIdentity, *, event: NewEvent
    ) -> bool:
        """Store a new user together with their external identity.

        Return False if the username or the identity is taken. Raises
        `FullAdministratorRequiredError` for a verified address that an administrator has.
        """
        try:
            async with self._database.transaction(USERNAME, IDENTITY) as connection:
                if user.email_key is not None:
                    await require_may_verify(
                        connection, user.email_key, of=user.user_id, is_full=False
                    )
                await connection.execute(insert(users).values(values_in(users, user)))
                await index_new_user(connection, user)
                await connection.execute(
                    insert(upstream_identities).values(
                        values_in(upstream_identities, linked_identity)
                    )
                )
                await write_events(connection, event)
        except ConflictingRowError:
            return False
        return True

    async def mark_used(self, used: LinkedIdentity, *, now: datetime) -> None:
        await self._database.change(
            update(upstream_identities)
            .where(identity.issuer == used.issuer, identity.subject == used.subject)
            .values(last_used_at=now)
        )

    @retries_on_lock
    async def unlink(
        self,
        user_id: str,
        issuer: str,
        subject: str,
        *,
        except_session_id: str,
        now: datetime,
        event_of: Callable[[Sequence[str]], NewEvent],
    ) -> Unlinked:
        """Unlink an external identity, unless it is the user's last way to sign in.

        All sign-ins of the user end, except `except_session_id`. With the user's last identity at
        a provider, the memberships that it gave end too; `event_of` builds the event from the ids
        of their groups. The row of the user is locked meanwhile, so that two concurrent requests
        cannot remove the last two ways.
        """
        is_this_identity = (
            identity.user_id == user_id,
            identity.issuer == issuer,
            identity.subject == subject,
        )
        other_identities = (
            select(func.count())
            .select_from(
                upstream_identities.join(upstream_providers, provider.name == identity.provider)
            )
            .where(
                identity.user_id == user_id,
                (identity.issuer != issuer) | (identity.subject != subject),
                provider.disabled_at.is_(None),
            )
        )
        passkey_count = (
            select(func.count()).select_from(passkeys).where(passkeys.c.user_id == user_id)
        )
        async with self._database.transaction() as connection:
            password_hash = await connection.scalar(
                select(users.c.password_hash).where(users.c.user_id == user_id).with_for_update()
            )
            provider_id = await connection.scalar(
                select(identity.provider).where(*is_this_identity)
            )
            if provider_id is None:
                return "unknown"
            if (
                not has_password(str(password_hash))
                and not await connection.scalar(other_identities)
                and not await connection.scalar(passkey_count)
            ):
                return "last"
            await note_ended_links(connection, *is_this_identity, now=now)
            await connection.execute(delete(upstream_identities).where(*is_this_identity))
            ended = await end_memberships_without_identity(connection, user_id, provider_id)
            await renew_credentials(
                connection, user_id, except_session_id=except_session_id, now=now
            )
            await write_events(connection, event_of(ended))
            return "unlinked"
