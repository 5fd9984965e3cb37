"""Grants of roles to users and groups, which pass them on to their members."""

from collections.abc import Sequence

from app.clock import Clock
from app.details import Detail
from app.errors import ConflictError, NotFoundError
from app.models.accounts.roles import Role, RoleGrant, group_subject, user_subject
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.role_grants import NamedGrant, RoleGrantRepository
from app.schemas.admin_scopes import AdminScope
from app.services.accounts.events import AccountEvent
from app.services.accounts.roles import RoleService, about_role, shown_role
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority


class RoleGrantService:
    """Grants. Those of a reserved role, or to a subject that has one, need a full administrator."""

    def __init__(
        self,
        *,
        role_grant_repository: RoleGrantRepository,
        roles: RoleService,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._role_grant_repository = role_grant_repository
        self._roles = roles
        self._audit = audit
        self._clock = clock

    async def grant_to_user(self, role_id: str, user_id: str, *, authority: Authority) -> bool:
        """Grant a role to a user; return False if the user has it already."""
        role = await self._require(role_id, authority)
        event = self._audit.event(
            AccountEvent.ROLE_GRANTED, user_id=user_id, **about_role(role), after=shown_role(role)
        )
        return await self._grant(role, user_subject(user_id), event, authority)

    async def grant_to_group(self, role_id: str, group_id: str, *, authority: Authority) -> bool:
        """Grant a role to all members of a group; return False if the group has it already."""
        role = await self._require(role_id, authority)
        event = self._audit.event(
            ServerEvent.GROUP_ROLE_GRANTED,
            group_id=group_id,
            **about_role(role),
            after=shown_role(role),
        )
        return await self._grant(role, group_subject(group_id), event, authority)

    async def revoke_from_user(self, role_id: str, user_id: str, *, authority: Authority) -> bool:
        """Take a role away from a user; return False if the user does not have it."""
        role = await self._require(role_id, authority)
        event = self._audit.event(
            AccountEvent.ROLE_REVOKED, user_id=user_id, **about_role(role), before=shown_role(role)
        )
        return await self._role_grant_repository.remove(
            role_id, user_subject(user_id), is_full=authority.is_full, event=event
        )

    async def revoke_from_group(self, role_id: str, group_id: str, *, authority: Authority) -> bool:
        """Take a role away from a group; return False if the group does not have it."""
        role = await self._require(role_id, authority)
        event = self._audit.event(
            ServerEvent.GROUP_ROLE_REVOKED,
            group_id=group_id,
            **about_role(role),
            before=shown_role(role),
        )
        return await self._role_grant_repository.remove(
            role_id, group_subject(group_id), is_full=authority.is_full, event=event
        )

    async def list_of_role(
        self, role_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[RoleGrant]:
        return await self._role_grant_repository.list_of_role(role_id, after=after, limit=limit)

    async def list_named(
        self, role_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[NamedGrant]:
        """Return a page of the grants of a role, with the names of the users and groups."""
        return await self._role_grant_repository.list_named(role_id, after=after, limit=limit)

    async def roles_of_user(self, user_id: str) -> Sequence[Role]:
        """Return the roles of a user, without those by a group."""
        return await self._role_grant_repository.list_of_subject(user_subject(user_id))

    async def roles_of_group(self, group_id: str) -> Sequence[Role]:
        return await self._role_grant_repository.list_of_subject(group_subject(group_id))

    async def _grant(self, role: Role, subject: str, event: NewEvent, authority: Authority) -> bool:
        grant = RoleGrant(role.role_id, subject, self._clock.now())
        outcome = await self._role_grant_repository.add(
            grant,
            is_full=authority.is_full,
            event=event,
            withdrawal=self._audit.event(ServerEvent.PREPARATIONS_WITHDRAWN),
        )
        if outcome == "no_subject":
            raise NotFoundError(Detail.SUBJECT_UNKNOWN)
        if outcome == "no_role":
            raise NotFoundError(Detail.ROLE_UNKNOWN)
        if outcome == "mapped":
            raise ConflictError(Detail.GROUP_IS_MAPPED)
        return outcome == "granted"

    async def _require(self, role_id: str, authority: Authority) -> Role:
        authority.require(AdminScope.ROLES_WRITE)
        role = await self._roles.get(role_id)
        if role.is_reserved:
            authority.require_full()
        return role
