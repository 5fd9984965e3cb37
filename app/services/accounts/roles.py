"""Roles, global or for one client."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.clock import Clock
from app.details import Detail
from app.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StaleVersionError,
    require_version,
)
from app.models.accounts.groups import MANUAL
from app.models.accounts.roles import RESERVED_ROLES, Role
from app.repositories.accounts.roles import RoleRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.groups import RoleBody
from app.security.tokens import new_identifier
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

WRITE = AdminScope.ROLES_WRITE


class RoleService:
    """Roles. `administrator` and `auditor` exist always, and never change."""

    def __init__(
        self,
        *,
        role_repository: RoleRepository,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._role_repository = role_repository
        self._audit = audit
        self._clock = clock

    async def create(self, body: RoleBody, *, owner: str = MANUAL, authority: Authority) -> Role:
        """Store a role.

        Raise `ConflictError` if its name is taken or reserved.
        """
        authority.require(WRITE)
        _require_not_reserved(body.name)
        role = Role(
            role_id=new_identifier(),
            name=body.name,
            client_id=body.client_id,
            description=body.description,
            owner=owner,
            version=1,
            created_at=self._clock.now(),
        )
        event = self._audit.event(
            ServerEvent.ROLE_CREATED, **about_role(role), after=shown_role(role)
        )
        is_stored = await self._role_repository.add(role, event=event)
        if is_stored is None:
            raise NotFoundError(Detail.CLIENT_UNKNOWN)
        if not is_stored:
            raise _taken()
        return role

    async def change(
        self,
        role_id: str,
        body: RoleBody,
        *,
        owner: str | None = None,
        version: int | None = None,
        authority: Authority,
    ) -> Role:
        """Rename or describe a role. It stays with its client."""
        authority.require(WRITE)
        before = await self._get_ordinary(role_id, version)
        _require_not_reserved(body.name)
        if body.client_id != before.client_id:
            raise InvalidInputError(Detail.ROLE_KEEPS_CLIENT, field="client_id")
        after = replace(
            before, name=body.name, description=body.description, owner=owner or before.owner
        )
        if after == before:
            return before
        event = self._audit.event(
            ServerEvent.ROLE_CHANGED,
            **about_role(before),
            before=shown_role(before),
            after=shown_role(after),
        )
        outcome = await self._role_repository.change(before, after, event=event)
        if outcome == "taken":
            raise _taken()
        if outcome == "stale":
            raise StaleVersionError
        return replace(after, version=before.version + 1)

    async def delete(
        self, role_id: str, *, version: int | None = None, authority: Authority
    ) -> None:
        """Delete a role, and take it away from everyone who has it."""
        authority.require(WRITE)
        before = await self._get_ordinary(role_id, version)
        event = self._audit.event(
            ServerEvent.ROLE_DELETED, **about_role(before), before=shown_role(before)
        )
        if not await self._role_repository.delete(before, event=event):
            raise StaleVersionError

    async def get(self, role_id: str) -> Role:
        """Return the role; raise `NotFoundError` if it is unknown."""
        role = await self._role_repository.find(role_id)
        if role is None:
            raise NotFoundError(Detail.ROLE_UNKNOWN)
        return role

    async def find_by_name(self, name: str, *, client_id: str = "") -> Role | None:
        return await self._role_repository.find_by_name(name, client_id=client_id)

    async def list_page(
        self, *, after_client: str = "", after_name: str = "", limit: int = 100
    ) -> Sequence[Role]:
        return await self._role_repository.list_page(
            after_client=after_client, after_name=after_name, limit=limit
        )

    async def _get_ordinary(self, role_id: str, version: int | None) -> Role:
        role = await self.get(role_id)
        if role.is_reserved:
            raise ConflictError(Detail.ROLE_IS_RESERVED)
        require_version(version, current=role.version)
        return role


def shown_role(role: Role) -> Mapping[str, Any]:
    """Return what the audit log says about a role."""
    return {"name": role.name, "description": role.description, "owner": role.owner}


def about_role(role: Role) -> dict[str, Any]:
    """Return the ids that an event about a role names."""
    return {"role_id": role.role_id, "client_id": role.client_id or None}


def _require_not_reserved(name: str) -> None:
    if name in RESERVED_ROLES:
        raise ConflictError(Detail.ROLE_NAME_RESERVED, field="name")


def _taken() -> ConflictError:
    return ConflictError(Detail.ROLE_NAME_TAKEN, field="name")
