"""Queries about the consents of users."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.accounts.users import users
from app.models.clients.consents import Consent, consents
from app.models.oauth.granted_resources import GrantedResources, parse_granted
from app.models.oauth.refresh_tokens import refresh_tokens
from app.models.oauth.resources import resources
from app.models.oauth.token_families import token_families
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.administrators import lock_changeable_user
from app.repositories.accounts.owners import lock_user
from app.repositories.clients.document_locks import lock_document
from app.repositories.inserts import upsert, values_in
from app.repositories.oauth.redemptions import void_codes
from app.repositories.operations.audit_outbox import write_events
from app.security.document_urls import is_of_document

consent, family, refresh = consents.c, token_families.c, refresh_tokens.c


@dataclass(frozen=True, slots=True)
class NamedConsent:
    """What a user allowed a client. `resources` is as in `Consent`."""

    user_id: str
    username: str
    scope: str
    granted_at: datetime
    resources: str | None

    @property
    def granted(self) -> GrantedResources:
        """What was granted at each resource."""
        return parse_granted(self.resources)


@dataclass(frozen=True, slots=True)
class Delegation:
    """A token about a user that a client got for the token of another client, and who acts by
    it."""

    client_id: str
    subject_client_id: str
    actors: str | None


class ConsentRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, user_id: str, client_id: str) -> Consent | None:
        """Return a consent, without resources that were created again since it was granted."""
        found = await self._database.find_one(
            select(consents).where(consent.user_id == user_id, consent.client_id == client_id),
            value=Consent,
        )
        if found is None or not found.granted:
            return found
        rows = await self._database.fetch_all(_recreated(found.granted, found.granted_at))
        remaining = found.granted.without({row.identifier for row in rows})
        return replace(found, resources=remaining.stored())

    @retries_on_lock
    async def grant(self, new: Consent, *, event: NewEvent) -> bool:
        """Store a consent (see `store_consent`).

        Return False if the user has been deleted, or the document of a client that has one.
        """
        async with self._database.transaction() as connection:
            if not await lock_user(connection, new.user_id):
                return False
            if is_of_document(new.client_id) and not await lock_document(connection, new.client_id):
                return False
            await store_consent(connection, new)
            await write_events(connection, event)
        return True

    async def list_of(self, user_id: str) -> Sequence[Consent]:
        return await self._database.find_all(
            select(consents).where(consent.user_id == user_id).order_by(consent.granted_at.desc()),
            value=Consent,
        )

    async def list_of_client(
        self, client_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[NamedConsent]:
        """Return a page of consents to a client, ordered by user, beginning after a user's id."""
        return await self._database.find_all(
            select(
                consent.user_id,
                users.c.username,
                consent.scope,
                consent.granted_at,
                consent.resources,
            )
            .join(users, users.c.user_id == consent.user_id)
            .where(consent.client_id == client_id, consent.user_id > after)
            .order_by(consent.user_id)
            .limit(limit),
            value=NamedConsent,
        )

    async def count_of_client(self, client_id: str) -> int:
        """Return how many users allowed a client."""
        row: Any = await self._database.fetch_one(
            select(func.count()).select_from(consents).where(consent.client_id == client_id)
        )
        return int(row[0])

    async def list_with_tokens(self, user_id: str, *, now: datetime) -> Sequence[Consent]:
        """Return the scopes of all active token families, with or without consent.

        The newest is first; a client can occur more than once.
        """
        return await self._database.find_all(
            select(
                family.user_id,
                family.client_id,
                family.scope,
                family.created_at,
                null(),
                family.resources,
            )
            .where(family.user_id == user_id, family.revoked_at.is_(None), family.expires_at > now)
            .order_by(family.created_at.desc()),
            value=Consent,
        )

    async def list_delegations(self, user_id: str, *, now: datetime) -> Sequence[Delegation]:
        """Return by which chains of actors clients have exchanged tokens about a user now."""
        return await self._database.find_all(
            select(family.client_id, family.subject_client_id, family.actors)
            .where(
                family.user_id == user_id,
                family.subject_client_id.is_not(None),
                family.revoked_at.is_(None),
                family.expires_at > now,
            )
            .distinct()
            .order_by(family.client_id, family.subject_client_id, family.actors),
            value=Delegation,
        )

    async def last_uses(self, user_id: str) -> dict[str, datetime]:
        """Return when each client last got tokens, by a sign-in or a refresh token."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(family.client_id, func.max(family.created_at), func.max(refresh.issued_at))
            .select_from(
                token_families.outerjoin(refresh_tokens, refresh.family_id == family.family_id)
            )
            .where(family.user_id == user_id)
            .group_by(family.client_id)
        )
        return {
            client_id: max(time for time in times if time is not None) for client_id, *times in rows
        }

    @retries_on_lock
    async def revoke(
        self, user_id: str, client_id: str, *, is_full: bool, now: datetime, event: NewEvent
    ) -> bool:
        """Delete a user's consent to a client, and revoke their codes and token families for it.

        Return False if there was neither a consent nor an active token family. `is_full` says that
        the caller is a full administrator, or the user.
        """
        async with self._database.transaction() as connection:
            if not is_full:
                await lock_changeable_user(connection, user_id)
            deleted = await connection.execute(
                delete(consents)
                .where(consent.user_id == user_id, consent.client_id == client_id)
                .returning(consent.client_id)
            )
            await void_codes(connection, now=now, user_id=user_id, client_id=client_id)
            revoked = await connection.execute(
                update(token_families)
                .where(
                    family.user_id == user_id,
                    family.client_id == client_id,
                    family.revoked_at.is_(None),
                )
                .values(revoked_at=now)
                .returning(family.family_id)
            )
            has_changed = deleted.first() is not None or revoked.first() is not None
            if has_changed:
                await write_events(connection, event)
            return has_changed


async def store_consent(connection: AsyncConnection, new: Consent) -> None:
    """Store a consent, adding the scopes granted before if the client fingerprint is the same.

    The caller must have locked the row of the user in this transaction.
    """
    is_this_consent = (consent.user_id == new.user_id, consent.client_id == new.client_id)
    statement = upsert(connection, consents).values(values_in(consents, new))
    await connection.execute(statement.on_conflict_do_nothing())
    stored = (
        await connection.execute(
            select(consent.scope, consent.client_fingerprint, consent.resources, consent.granted_at)
            .where(*is_this_consent)
            .with_for_update()
        )
    ).one()
    is_same = stored.client_fingerprint == new.client_fingerprint
    scopes = [*(stored.scope.split() if is_same else ()), *new.scope.split()]
    before = parse_granted(stored.resources if is_same else None)
    if before:
        ended = await connection.scalars(_recreated(before, stored.granted_at))
        before = before.without(set(ended))
    await connection.execute(
        update(consents)
        .where(*is_this_consent)
        .values(
            scope=" ".join(dict.fromkeys(scopes)),
            granted_at=new.granted_at,
            client_fingerprint=new.client_fingerprint,
            resources=before.joined([new.granted]).stored(),
        )
    )


def _recreated(granted: GrantedResources, granted_at: datetime) -> Select[str]:
    """Return the query for the granted resources that another one replaced since then."""
    return select(resources.c.identifier).where(
        resources.c.identifier.in_(granted.scopes), resources.c.created_at > granted_at
    )
