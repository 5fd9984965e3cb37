"""Queries about the mapping of identity providers' groups to groups here."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, delete, exists, insert, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.accounts.groups import (
    IS_NOT_MANUAL,
    GroupMapping,
    group_mappings,
    group_members,
    groups,
    provider_source,
)
from app.models.accounts.roles import GROUP_PREFIX, RESERVED_ROLES, role_grants
from app.models.federation.identity_providers import upstream_identities, upstream_providers
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.administrators import is_administrative_group, lock_group
from app.repositories.accounts.owners import lock_user
from app.repositories.inserts import upsert
from app.repositories.operations.audit_outbox import write_events

mapping, member, provider = group_mappings.c, group_members.c, upstream_providers.c
identity = upstream_identities.c

Replaced = Literal["replaced", "no_provider", "stale", "no_group", "administrative"]


class GroupMappingRepository:
    """Mappings, of which none leads to a group with a reserved role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retries_on_lock
    async def replace(
        self,
        provider_id: str,
        groups_claim: str | None,
        mappings: Sequence[GroupMapping],
        *,
        version: int | None = None,
        event_of: Callable[[Sequence[str]], NewEvent],
    ) -> Replaced:
        """Replace the claim and all mappings of an identity provider.

        Nothing changes if a `version` is given that is not the provider's.

        Memberships that it gave end if their group is no longer mapped; without a claim, all of
        them end. `event_of` builds the event from the ids of the groups whose memberships ended.
        """
        group_ids = sorted({each.group_id for each in mappings})
        claim = (
            update(upstream_providers)
            .where(provider.name == provider_id)
            .values(groups_claim=groups_claim, version=provider.version + 1)
            .returning(provider.name)
        )
        if version is not None:
            claim = claim.where(provider.version == version)
        rows = [
            {
                "provider_id": provider_id,
                "claim_value": each.claim_value,
                "group_id": each.group_id,
            }
            for each in mappings
        ]
        async with self._database.transaction() as connection:
            for group_id in group_ids:
                if not await lock_group(connection, group_id):
                    return "no_group"
                if await is_administrative_group(connection, group_id):
                    return "administrative"
            if (await connection.execute(claim)).first() is None:
                return "no_provider" if version is None else "stale"
            await connection.execute(
                delete(group_mappings).where(mapping.provider_id == provider_id)
            )
            if rows:
                await connection.execute(insert(group_mappings), rows)
            ended = await end_memberships_of(
                connection, provider_id, except_groups=group_ids if groups_claim is not None else ()
            )
            await write_events(connection, event_of(ended))
        return "replaced"

    async def list_of(self, provider_id: str) -> Sequence[GroupMapping]:
        return await self._database.find_all(
            select(group_mappings)
            .where(mapping.provider_id == provider_id)
            .order_by(mapping.claim_value, mapping.group_id),
            value=GroupMapping,
        )

    @retries_on_lock
    async def renew(
        self,
        user_id: str,
        provider_id: str,
        claim_values: Collection[str],
        *,
        now: datetime,
        event_of: Callable[[Sequence[str], Sequence[str]], NewEvent],
    ) -> bool:
        """Give a user the memberships that an identity provider's claim means now, and no others.

        Memberships from other sources stay as they are. `event_of` builds the event from the ids of
        the groups before and after. Return False if nothing changes, the user was deleted or
        unlinked from the provider, or the provider has no claim.
        """
        source = provider_source(provider_id)
        is_given_here = (member.user_id == user_id, member.source == source)
        has_claim = (
            select(provider.name)
            .where(
                provider.name == provider_id,
                provider.groups_claim.is_not(None),
                _is_linked(user_id, provider_id),
            )
            .with_for_update(read=True)
        )
        wanted = (
            select(mapping.group_id)
            .join(groups, groups.c.group_id == mapping.group_id)
            .where(
                mapping.provider_id == provider_id,
                mapping.claim_value.in_(claim_values),
                ~_has_reserved_role(mapping.group_id),
            )
            .distinct()
        )
        async with self._database.transaction() as connection:
            if not await lock_user(connection, user_id):
                return False
            if await connection.scalar(has_claim) is None:
                return False
            before = set(await connection.scalars(select(member.group_id).where(*is_given_here)))
            mapped = set(await connection.scalars(wanted))
            if before == mapped:
                return False
            # none of them gets a reserved role from now on
            locked = await connection.scalars(
                select(groups.c.group_id)
                .where(groups.c.group_id.in_(mapped - before))
                .order_by(groups.c.group_id)
                .with_for_update(read=True)
            )
            after = (before | set(locked)) & set(await connection.scalars(wanted))
            await connection.execute(
                delete(group_members).where(*is_given_here, member.group_id.not_in(after))
            )
            if added := sorted(after - before):
                values = {"user_id": user_id, "source": source, "added_at": now}
                await connection.execute(
                    upsert(connection, group_members).on_conflict_do_nothing(),
                    [{"group_id": group_id, **values} for group_id in added],
                )
            await write_events(connection, event_of(sorted(before), sorted(after)))
        return True


async def end_memberships_of(
    connection: AsyncConnection, provider_id: str, *, except_groups: Collection[str] = ()
) -> Sequence[str]:
    """End the memberships that an identity provider gave, in the transaction of the caller.

    Those in `except_groups` remain. Return the ids of the groups whose memberships ended.
    """
    ends = (
        member.source == provider_source(provider_id),
        text(IS_NOT_MANUAL),
        member.group_id.not_in(except_groups),
    )
    ended = await connection.scalars(select(member.group_id).where(*ends).distinct())
    await connection.execute(delete(group_members).where(*ends))
    return sorted(ended)


async def end_memberships_without_identity(
    connection: AsyncConnection, user_id: str, provider_id: str
) -> Sequence[str]:
    """End what an identity provider gave a user who has no identity there, and return the groups.

    This is part of the transaction of the caller, who has locked the user.
    """
    ended = await connection.scalars(
        delete(group_members)
        .where(
            member.user_id == user_id,
            member.source == provider_source(provider_id),
            ~_is_linked(user_id, provider_id),
        )
        .returning(member.group_id)
    )
    return sorted(ended)


def _is_linked(user_id: str, provider_id: str) -> ColumnElement[bool]:
    return exists().where(identity.user_id == user_id, identity.provider == provider_id)


def _has_reserved_role(group_id: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(
        role_grants.c.subject == literal(GROUP_PREFIX).concat(group_id),
        role_grants.c.role_id.in_(RESERVED_ROLES),
    )
