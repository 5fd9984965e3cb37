"""Types of authorization details, as administrators manage them (RFC 9396)."""

import json
from collections.abc import Collection, Mapping, Sequence
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
from app.models.oauth.authorization_types import AuthorizationType
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth.authorization_types import AuthorizationTypeRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.authorization_types import AuthorizationTypeBody
from app.services.oauth.authorization_type_catalogue import AuthorizationTypeCatalogue
from app.services.oauth.resources import ResourceService
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

WRITE = AdminScope.RESOURCES_WRITE
MAXIMUM_TYPES = 100
"""All types are read at once."""


class AuthorizationTypeService:
    def __init__(
        self,
        *,
        authorization_type_repository: AuthorizationTypeRepository,
        authorization_type_catalogue: AuthorizationTypeCatalogue,
        client_repository: ClientRepository,
        resources: ResourceService,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._authorization_type_repository = authorization_type_repository
        self._authorization_type_catalogue = authorization_type_catalogue
        self._client_repository = client_repository
        self._resources = resources
        self._audit = audit
        self._clock = clock

    async def create(
        self, body: AuthorizationTypeBody, *, owner: str = MANUAL, authority: Authority
    ) -> AuthorizationType:
        """Store a type; raise `ConflictError` if its name is taken."""
        authority.require(WRITE)
        if len(await self.list_all()) >= MAXIMUM_TYPES:
            raise ConflictError(Detail.TOO_MANY_AUTHORIZATION_TYPES)
        new = AuthorizationType(
            owner=owner, version=1, created_at=self._clock.now(), **_stored_values(body)
        )
        await self._check(None, new, authority)
        event = self._audit.event(
            ServerEvent.AUTHORIZATION_TYPE_CREATED, name=new.name, after=shown_type(new)
        )
        if not await self._authorization_type_repository.add(new, event=event):
            raise ConflictError(Detail.AUTHORIZATION_TYPE_NAME_TAKEN, field="name")
        self._authorization_type_catalogue.forget()
        return new

    async def change(
        self,
        name: str,
        body: AuthorizationTypeBody,
        *,
        owner: str | None = None,
        version: int | None = None,
        authority: Authority,
    ) -> AuthorizationType:
        """Replace a type. Its name stays, since clients and tokens hold it."""
        authority.require(WRITE)
        before = await self.get(name)
        require_version(version, current=before.version)
        if body.name != name:
            raise InvalidInputError(Detail.AUTHORIZATION_TYPE_KEEPS_NAME, field="name")
        after = replace(before, owner=owner or before.owner, **_stored_values(body))
        if after == before:
            return before
        await self._check(before, after, authority)
        event = self._audit.event(
            ServerEvent.AUTHORIZATION_TYPE_CHANGED,
            name=name,
            before=shown_type(before),
            after=shown_type(after),
        )
        is_changed = await self._authorization_type_repository.change(before, after, event=event)
        self._authorization_type_catalogue.forget()
        if not is_changed:
            raise StaleVersionError
        return replace(after, version=before.version + 1)

    async def delete(self, name: str, *, version: int | None = None, authority: Authority) -> None:
        """Delete a type. Access tokens keep their details until they expire; no new one has any."""
        authority.require(WRITE)
        before = await self.get(name)
        require_version(version, current=before.version)
        await self._require_may_change(authority, before.clients)
        event = self._audit.event(
            ServerEvent.AUTHORIZATION_TYPE_DELETED, name=name, before=shown_type(before)
        )
        is_deleted = await self._authorization_type_repository.delete(before, event=event)
        self._authorization_type_catalogue.forget()
        if not is_deleted:
            raise StaleVersionError

    async def get(self, name: str) -> AuthorizationType:
        """Return a type; raise `NotFoundError` if there is none of this name."""
        for each in await self.list_all():
            if each.name == name:
                return each
        raise NotFoundError(Detail.AUTHORIZATION_TYPE_NOT_FOUND)

    async def list_all(self) -> Sequence[AuthorizationType]:
        return await self._authorization_type_repository.list_all()

    async def _check(
        self, before: AuthorizationType | None, after: AuthorizationType, authority: Authority
    ) -> None:
        """Check what a body cannot know; what is stored already may remain."""
        known = before.resources if before is not None else frozenset[str]()
        added = after.resources - known
        if added and not added <= {each.name for each in await self._resources.list_all()}:
            raise InvalidInputError(Detail.RESOURCE_NOT_FOUND, field="resources")
        clients = before.clients if before is not None else frozenset[str]()
        for client_id in sorted(after.clients - clients):
            if await self._client_repository.find(client_id, now=self._clock.now()) is None:
                raise InvalidInputError(Detail.CLIENT_UNKNOWN, field="clients")
        changed = after.clients ^ clients
        if changed:
            authority.require(AdminScope.CLIENTS_WRITE)
        await self._require_may_change(authority, changed)

    async def _require_may_change(self, authority: Authority, client_ids: Collection[str]) -> None:
        """Require a full administrator to change what a client with admin scopes may do."""
        for client_id in sorted(client_ids):
            client = await self._client_repository.find(client_id, now=self._clock.now())
            if client is not None:
                authority.require_may_change(client)


def stated_type(row: AuthorizationType) -> dict[str, Any]:
    """Return a type as its body states it."""
    return {
        "name": row.name,
        "json_schema": row.schema,
        "description": row.description,
        "translations": dict(row.texts),
        "is_open_to_all_clients": row.is_open_to_all_clients,
        "clients": sorted(row.clients),
        "resources": sorted(row.resources),
    }


def shown_type(row: AuthorizationType) -> Mapping[str, Any]:
    """Return what the audit log says about a type."""
    members = stated_type(row)
    del members["name"]
    return {**members, "owner": row.owner}


def _stored_values(body: AuthorizationTypeBody) -> dict[str, Any]:
    return {
        "name": body.name,
        "json_schema": json.dumps(body.json_schema, ensure_ascii=False),
        "description": body.description,
        "translations": json.dumps(dict(body.translations), ensure_ascii=False, sort_keys=True),
        "is_open_to_all_clients": body.is_open_to_all_clients,
        "resource_names": " ".join(sorted(set(body.resources))),
        "clients": frozenset(body.clients),
    }
