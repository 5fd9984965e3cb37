"""Groups of users, as administrators manage them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.clock import Clock
from app.details import Detail
from app.errors import (
    ConflictError,
    NotFoundError,
    StaleVersionError,
    require_version,
)
from app.models.accounts.groups import MANUAL, Group, Membership
from app.repositories.accounts.group_members import GroupMemberRepository, NamedMember
from app.repositories.accounts.groups import GroupRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.groups import GroupBody, group_key
from app.security.text import is_storable
from app.security.tokens import new_identifier
from app.services.accounts.attributes import AttributeService
from app.services.accounts.events import AccountEvent
from app.services.accounts.second_factor_policies import SecondFactorPolicies
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

WRITE = AdminScope.GROUPS_WRITE


class GroupService:
    """Groups and their members. A `version` that is given must be the current one."""

    def __init__(
        self,
        *,
        group_repository: GroupRepository,
        group_member_repository: GroupMemberRepository,
        attributes: AttributeService,
        second_factor_policies: SecondFactorPolicies,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._group_repository = group_repository
        self._group_member_repository = group_member_repository
        self._attributes = attributes
        self._second_factor_policies = second_factor_policies
        self._audit = audit
        self._clock = clock

    async def create(self, body: GroupBody, *, owner: str = MANUAL, authority: Authority) -> Group:
        """Store a group; raise `ConflictError` if its name is taken."""
        authority.require(WRITE)
        values = await self._values(body)
        group = Group(
            group_id=new_identifier(),
            second_factor=body.second_factor,
            owner=owner,
            version=1,
            created_at=self._clock.now(),
            **values,
        )
        event = self._audit.event(
            ServerEvent.GROUP_CREATED, group_id=group.group_id, after=shown_group(group)
        )
        if not await self._group_repository.add(group, event=event):
            raise _taken()
        self._second_factor_policies.forget()
        return group

    async def change(
        self,
        group_id: str,
        body: GroupBody,
        *,
        owner: str | None = None,
        version: int | None = None,
        authority: Authority,
    ) -> Group:
        """Replace what an administrator states about a group."""
        authority.require(WRITE)
        before = await self._get(group_id, version)
        values = await self._values(body)
        after = replace(
            before, second_factor=body.second_factor, owner=owner or before.owner, **values
        )
        if after == before:
            return before
        event = self._audit.event(
            ServerEvent.GROUP_CHANGED,
            group_id=group_id,
            before=shown_group(before),
            after=shown_group(after),
        )
        outcome = await self._group_repository.change(
            before, after, is_full=authority.is_full, event=event
        )
        if outcome == "taken":
            raise _taken()
        if outcome == "stale":
            raise StaleVersionError
        self._second_factor_policies.forget()
        return replace(after, version=before.version + 1)

    async def delete(
        self, group_id: str, *, version: int | None = None, authority: Authority
    ) -> None:
        """Delete a group; its members lose what they had by it."""
        authority.require(WRITE)
        before = await self._get(group_id, version)
        event = self._audit.event(
            ServerEvent.GROUP_DELETED, group_id=group_id, before=shown_group(before)
        )
        if not await self._group_repository.delete(before, is_full=authority.is_full, event=event):
            raise StaleVersionError

    async def add_member(self, group_id: str, user_id: str, *, authority: Authority) -> bool:
        """Make a user a member; return False if an administrator had done so already."""
        authority.require(WRITE)
        group = await self.get(group_id)
        event = self._audit.event(
            AccountEvent.GROUP_JOINED, user_id=user_id, after=_shown_membership(group)
        )
        outcome = await self._group_member_repository.add(
            group_id,
            user_id,
            is_full=authority.is_full,
            now=self._clock.now(),
            event=event,
            withdrawal=self._audit.event(ServerEvent.PREPARATIONS_WITHDRAWN),
        )
        if outcome == "no_user":
            raise NotFoundError(Detail.USER_UNKNOWN)
        if outcome == "no_group":
            raise NotFoundError(Detail.GROUP_UNKNOWN)
        return outcome == "added"

    async def remove_member(self, group_id: str, user_id: str, *, authority: Authority) -> bool:
        """End a membership; return False if there is none.

        Raise `ConflictError` for one that an identity provider gives at each sign-in.
        """
        authority.require(WRITE)
        group = await self.get(group_id)
        event = self._audit.event(
            AccountEvent.GROUP_LEFT, user_id=user_id, before=_shown_membership(group)
        )
        outcome = await self._group_member_repository.remove(
            group_id, user_id, is_full=authority.is_full, event=event
        )
        if outcome == "of_provider":
            raise ConflictError(Detail.MEMBERSHIP_OF_PROVIDER)
        return outcome == "removed"

    async def get(self, group_id: str) -> Group:
        """Return the group; raise `NotFoundError` if it is unknown."""
        group = await self._group_repository.find(group_id)
        if group is None:
            raise NotFoundError(Detail.GROUP_UNKNOWN)
        return group

    async def find_by_name(self, name: str) -> Group | None:
        return await self._group_repository.find_by_name(group_key(name))

    async def list_page(
        self, *, search: str = "", after: str = "", limit: int = 100
    ) -> Sequence[Group]:
        """Return a page of groups whose name begins like `search`, in any case."""
        if not is_storable(search):
            return []
        return await self._group_repository.list_page(
            prefix=group_key(search), after=after, limit=limit
        )

    async def members(
        self, group_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[Membership]:
        return await self._group_member_repository.list_page(group_id, after=after, limit=limit)

    async def named_members(
        self, group_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[NamedMember]:
        """Return the memberships of a page of users, with their usernames."""
        return await self._group_member_repository.list_named(group_id, after=after, limit=limit)

    async def groups_of(self, user_id: str) -> Sequence[tuple[Group, Membership]]:
        return await self._group_member_repository.list_of_user(user_id)

    async def _get(self, group_id: str, version: int | None) -> Group:
        group = await self.get(group_id)
        require_version(version, current=group.version)
        return group

    async def _values(self, body: GroupBody) -> dict[str, Any]:
        await self._attributes.check(body.attributes, of="groups")
        return {
            "name": body.name,
            "name_key": group_key(body.name),
            "description": body.description,
            "attributes": json.dumps(dict(body.attributes), sort_keys=True),
        }


def shown_group(group: Group) -> Mapping[str, Any]:
    """Return what the audit log says about a group."""
    return {
        "name": group.name,
        "description": group.description,
        "second_factor": group.second_factor,
        "attributes": json.loads(group.attributes),
        "owner": group.owner,
    }


def _shown_membership(group: Group) -> Mapping[str, Any]:
    return {"group_id": group.group_id, "group": group.name, "source": MANUAL}


def _taken() -> ConflictError:
    return ConflictError(Detail.GROUP_NAME_TAKEN, field="name")
