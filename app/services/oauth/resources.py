"""Resources, as administrators manage them."""

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
from app.models.oauth.resources import Resource, ResourceScope
from app.repositories.accounts.groups import GroupRepository
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth.resources import ResourceRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.resources import ResourceBody, ResourceScopeBody
from app.security.resource_identifiers import key_of
from app.services.oauth.resource_catalogue import ResourceCatalogue
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

WRITE = AdminScope.RESOURCES_WRITE
MAXIMUM_RESOURCES = 200
"""All resources are read at once."""


class ResourceService:
    """Resources. `reserved` are the names that no scope of a resource may have."""

    def __init__(
        self,
        *,
        resource_repository: ResourceRepository,
        client_repository: ClientRepository,
        group_repository: GroupRepository,
        resource_catalogue: ResourceCatalogue,
        reserved: Collection[str],
        audit: AuditLog,
        clock: Clock,
        issuer: str,
    ) -> None:
        self._resource_repository = resource_repository
        self._client_repository = client_repository
        self._group_repository = group_repository
        self._resource_catalogue = resource_catalogue
        self._reserved = frozenset(reserved)
        self._audit = audit
        self._clock = clock
        self._issuer = issuer

    async def create(
        self, body: ResourceBody, *, owner: str = MANUAL, authority: Authority
    ) -> Resource:
        """Store a resource; raise `ConflictError` if its name or an identifier is taken."""
        authority.require(WRITE)
        stored = await self.list_all()
        if len(stored) >= MAXIMUM_RESOURCES:
            raise ConflictError(Detail.TOO_MANY_RESOURCES)
        resource = Resource(
            name=body.name,
            identifier=body.identifier,
            owner=owner,
            version=1,
            created_at=self._clock.now(),
            **_stored_values(body),
        )
        await self._check(None, resource, authority)
        event = self._audit.event(
            ServerEvent.RESOURCE_CREATED, name=resource.name, after=shown_resource(resource)
        )
        taken = await self._resource_repository.add(resource, event=event)
        self._resource_catalogue.forget()
        if taken == "name":
            raise ConflictError(Detail.RESOURCE_NAME_TAKEN, field="name")
        if taken == "identifier":
            field = _taken_field(resource, stored)
            raise ConflictError(Detail.RESOURCE_IDENTIFIER_TAKEN, field=field)
        return resource

    async def change(
        self,
        name: str,
        body: ResourceBody,
        *,
        owner: str | None = None,
        version: int | None = None,
        authority: Authority,
    ) -> Resource:
        """Replace a resource. Its name and identifier stay, since tokens and clients hold them."""
        authority.require(WRITE)
        before = await self.get(name)
        require_version(version, current=before.version)
        for field in ("name", "identifier"):
            if getattr(body, field) != getattr(before, field):
                raise InvalidInputError(Detail.RESOURCE_KEEPS_IDENTIFIER, field=field)
        after = replace(before, owner=owner or before.owner, **_stored_values(body))
        if after == before:
            return before
        await self._check(before, after, authority)
        event = self._audit.event(
            ServerEvent.RESOURCE_CHANGED,
            name=name,
            before=shown_resource(before),
            after=shown_resource(after),
        )
        outcome = await self._resource_repository.change(before, after, event=event)
        self._resource_catalogue.forget()
        if outcome == "stale":
            raise StaleVersionError
        if outcome == "taken":
            raise ConflictError(Detail.RESOURCE_IDENTIFIER_TAKEN, field="aliases")
        return replace(after, version=before.version + 1)

    async def delete(self, name: str, *, version: int | None = None, authority: Authority) -> None:
        """Delete a resource; its tokens are refused from then on.

        Raise `ConflictError` while it is the default of a client: that client's tokens would lose
        their audience.
        """
        authority.require(WRITE)
        before = await self.get(name)
        require_version(version, current=before.version)
        await self._require_may_change(authority, before.requesters | before.servers)
        event = self._audit.event(
            ServerEvent.RESOURCE_DELETED, name=name, before=shown_resource(before)
        )
        outcome = await self._resource_repository.delete(before, event=event)
        self._resource_catalogue.forget()
        if outcome == "is_default":
            raise ConflictError(Detail.RESOURCE_IS_DEFAULT)
        if outcome == "stale":
            raise StaleVersionError

    async def get(self, name: str) -> Resource:
        """Return a resource; raise `NotFoundError` if there is none of this name."""
        for resource in await self.list_all():
            if resource.name == name:
                return resource
        raise NotFoundError(Detail.RESOURCE_NOT_FOUND)

    async def list_all(self) -> Sequence[Resource]:
        return await self._resource_repository.list_all()

    async def _check(self, before: Resource | None, after: Resource, authority: Authority) -> None:
        """Check what a body cannot know; what is stored already may remain."""
        if key_of(self._issuer) in (key_of(after.identifier), *after.aliases):
            is_alias = key_of(after.identifier) != key_of(self._issuer)
            raise InvalidInputError(
                Detail.RESOURCE_IS_ISSUER, field="aliases" if is_alias else "identifier"
            )
        if not self._reserved.isdisjoint(after.scopes_by_name):
            raise InvalidInputError(Detail.SCOPE_NAME_RESERVED, field="scopes")
        await self._check_groups(before, after)
        requesters, servers = after.requesters, after.servers
        old_requesters = before.requesters if before is not None else frozenset[str]()
        old_servers = before.servers if before is not None else frozenset[str]()
        await self._require_known(requesters - old_requesters, field="requesters")
        await self._require_known(servers - old_servers, field="servers")
        changed = (requesters ^ old_requesters) | (servers ^ old_servers)
        if changed:
            authority.require(AdminScope.CLIENTS_WRITE)
        await self._require_may_change(authority, changed)

    async def _check_groups(self, before: Resource | None, after: Resource) -> None:
        stored = before.policies_in_force.personal_tokens.groups if before is not None else ()
        group_ids = sorted(set(after.policies_in_force.personal_tokens.groups) - set(stored))
        known = await self._group_repository.known_ids(group_ids) if group_ids else set()
        if not known.issuperset(group_ids):
            raise InvalidInputError(Detail.GROUP_UNKNOWN, field="policies")

    async def _require_known(self, client_ids: Collection[str], *, field: str) -> None:
        """Require that clients exist, and that those which act as a server can authenticate."""
        for client_id in sorted(client_ids):
            client = await self._client_repository.find(client_id, now=self._clock.now())
            if client is None:
                raise InvalidInputError(Detail.CLIENT_UNKNOWN, field=field)
            if field == "servers" and client.is_public:
                raise InvalidInputError(Detail.RESOURCE_SERVER_IS_PUBLIC, field=field)

    async def _require_may_change(self, authority: Authority, client_ids: Collection[str]) -> None:
        """Require a full administrator to change what a client with admin scopes may do."""
        for client_id in sorted(client_ids):
            client = await self._client_repository.find(client_id, now=self._clock.now())
            if client is not None:
                authority.require_may_change(client)


def shown_resource(resource: Resource) -> Mapping[str, Any]:
    """Return what the audit log says about a resource."""
    return {
        "identifier": resource.identifier,
        "title": resource.title,
        "aliases": sorted(resource.aliases),
        "scopes": {
            scope.name: {
                "description": scope.description,
                "translations": scope.texts,
                "is_default": scope.is_default,
                "implies": scope.implies.split(),
            }
            for scope in resource.scopes
        },
        "token_format": resource.token_format,
        "signing_alg": resource.signing_alg,
        "access_token_ttl": resource.access_token_ttl,
        "is_open_to_all_clients": resource.is_open_to_all_clients,
        "requesters": sorted(resource.requesters),
        "servers": sorted(resource.servers),
        "shows_metadata": resource.shows_metadata,
        "allows_personal_tokens": resource.allows_personal_tokens,
        "agents": resource.is_for_agents,
        "policies": resource.policies_in_force.model_dump(mode="json", exclude_defaults=True),
        "owner": resource.owner,
    }


def _taken_field(new: Resource, stored: Sequence[Resource]) -> str:
    """Return whether the identifier or an alias belongs to another resource."""
    keys = {key for each in stored for key in (key_of(each.identifier), *each.aliases)}
    return "identifier" if key_of(new.identifier) in keys else "aliases"


def _stored_values(body: ResourceBody) -> dict[str, Any]:
    return {
        "title": body.title,
        "token_format": body.token_format,
        "signing_alg": body.signing_alg,
        "access_token_ttl": body.access_token_ttl,
        "is_open_to_all_clients": body.is_open_to_all_clients,
        "shows_metadata": body.shows_metadata,
        "allows_personal_tokens": body.allows_personal_tokens,
        "is_for_agents": body.agents,
        "policies": body.policies.stored(),
        "aliases": frozenset(body.aliases),
        "scopes": tuple(sorted(map(_stored_scope, body.scopes), key=lambda scope: scope.name)),
        "requesters": frozenset(body.requesters),
        "servers": frozenset(body.servers),
    }


def _stored_scope(body: ResourceScopeBody) -> ResourceScope:
    return ResourceScope(
        name=body.name,
        description=body.description,
        translations=json.dumps(dict(body.translations), ensure_ascii=False, sort_keys=True),
        is_default=body.is_default,
        implies=" ".join(sorted(set(body.implies))),
    )
