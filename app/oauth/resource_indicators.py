"""Resource indicators (RFC 8707): which resources a request is for, and what it gets at them.

An access token has one audience or none. A request that names no resource is for the default one of
its client; clients without a default go on as if there were no resources, at no cost.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from app.models.clients.clients import Client
from app.models.oauth.granted_resources import GrantedResources, parse_granted
from app.models.oauth.resources import Resource
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidTargetError
from app.oauth.resource_scopes import (
    narrow_at_resources,
    narrow_granted_at,
    own_scope,
    permitted_at,
)
from app.oauth.scopes import narrow_granted_scope, narrow_scope
from app.oauth.token_grants import TokenGrant, grant_without_resource
from app.observability.refusals import MAXIMUM_WORD, shell_word, shown_uri
from app.services.oauth.resource_catalogue import ResourceCatalogue

NOTHING = GrantedResources()
MAXIMUM_REMEMBERED = 1024
"""Grants of token requests in memory, until the resources are read again. A machine asks for the
same again and again, and narrowing takes as long as a signature."""


class Requested(NamedTuple):
    """What a request is for: a scope of this server, and resources with scopes of theirs."""

    scope: str
    granted: GrantedResources
    resources: Sequence[Resource]


Request = tuple[str | None, str | None, Client]
"""The parameters `resource` and `scope` of a request, and the client as it is stored: a change of
any of its columns is another request."""


class ResourceIndicators:
    def __init__(self, resource_catalogue: ResourceCatalogue) -> None:
        self._resource_catalogue = resource_catalogue
        self._remembered: dict[Request, TokenGrant] = {}
        self._remembered_of: object = None

    async def requested(
        self, client: Client, *, resource: str | None, scope: str | None, requires_known_name: bool
    ) -> Requested:
        """Return what a request asks for, if the client may have it.

        `resource` is the parameter, with several values separated by spaces; for
        `requires_known_name` see `narrow_scope`. Raises `InvalidTargetError` or
        `InvalidScopeError`.
        """
        if resource is None and client.default_resource is None:
            narrowed = narrow_scope(scope, client=client, requires_known_name=requires_known_name)
            return Requested(narrowed, NOTHING, ())
        resources = await self._resources(client, resource)
        return Requested(
            *narrow_at_resources(
                scope, client=client, resources=resources, requires_known_name=requires_known_name
            ),
            resources,
        )

    async def grant_to(
        self, client: Client, *, resource: str | None, scope: str | None
    ) -> TokenGrant:
        """Return the grant of a token request that no authorization request preceded."""
        if resource is None and client.default_resource is None:
            own = narrow_scope(scope, client=client, requires_known_name=True)
            return grant_without_resource(own)
        remembered = await self._grants_by_request()
        key = (resource, scope, client)
        grant = remembered.get(key)
        if grant is None:
            grant = await self._grant_to(client, resource=resource, scope=scope)
            if len(remembered) < MAXIMUM_REMEMBERED:
                remembered[key] = grant
        return grant

    async def _grants_by_request(self) -> dict[Request, TokenGrant]:
        """Return what earlier requests got of the resources as they were read last."""
        resources = await self._resource_catalogue.current()
        if resources is not self._remembered_of:
            self._remembered, self._remembered_of = {}, resources
        return self._remembered

    async def _grant_to(
        self, client: Client, *, resource: str | None, scope: str | None
    ) -> TokenGrant:
        asked = await self.requested(
            client, resource=_single(resource), scope=scope, requires_known_name=True
        )
        chosen = asked.resources[0] if asked.resources else None
        return _grant(client, asked.scope, asked.granted, chosen)

    async def target(
        self, client: Client, *, resource: str | None, audience: str | None
    ) -> Resource:
        """Return the target of a token exchange (RFC 8693 section 2.1), by either parameter.

        Raises `InvalidTargetError`, also if both are sent and name different resources.
        """
        named = [
            await self._find(client, each)
            for each in (_single(resource), audience)
            if each is not None
        ]
        if len({each.identifier for each in named}) > 1:
            raise InvalidTargetError(
                Description.TARGETS_DIFFER, reason="the target differs in `resource` and `audience`"
            )
        target = named[0] if named else await self._default(client)
        if target is None:
            raise InvalidTargetError(
                Description.TARGET_REQUIRED,
                reason="the target is not named: send `resource`, or run `postern clients set"
                f" {client.client_id} --default-resource NAME`",
            )
        return _permitted(client, target)

    async def _choose(
        self, client: Client, *, resource: str | None, granted: GrantedResources
    ) -> Resource:
        """Return which of the granted resources a token request is for.

        That is the one that it names, else the only one, else the default one of the client. Raises
        `InvalidTargetError`.
        """
        identifiers = granted.scopes
        if resource is not None:
            chosen = await self._find(client, _single(resource) or "")
            if chosen.identifier not in identifiers:
                raise InvalidTargetError(
                    Description.RESOURCE_NOT_GRANTED,
                    reason=f"the resource {chosen.name} was not granted: the authorization request"
                    " has to name it",
                )
            return chosen
        if len(identifiers) == 1:
            return await self._find(client, next(iter(identifiers)))
        default = await self._default(client)
        if default is None or default.identifier not in identifiers:
            raise InvalidTargetError(
                Description.NAME_ONE_RESOURCE,
                reason="the resource is not named, and several were granted: send `resource`, or"
                f" run `postern clients set {_named(client)} --default-resource NAME`",
            )
        return _permitted(client, default)

    async def grant_of_code(
        self,
        client: Client,
        *,
        resource: str | None,
        scope: str,
        granted: str | None,
        granted_at: datetime,
    ) -> TokenGrant:
        """Return the grant of a code, whose family keeps all that the user granted.

        `granted` is a stored `GrantedResources`.
        """
        if resource is None and granted is None:
            return grant_without_resource(scope)
        remaining = await self._still_granted(granted, granted_at)
        chosen = await self._choose(client, resource=resource, granted=remaining)
        return _grant(client, scope, remaining, chosen)

    async def grant_of_refresh(
        self,
        client: Client,
        *,
        resource: str | None,
        asked: str | None,
        scope: str,
        granted: str | None,
        granted_at: datetime,
    ) -> TokenGrant:
        """Return the grant of a refresh, narrowed to the scope that it asks for.

        `scope` and `granted` are what the family keeps.
        """
        if resource is None and granted is None:
            if asked is not None:
                scope = narrow_granted_scope(asked, client=client, granted=scope)
            return grant_without_resource(scope)
        remaining = await self._still_granted(granted, granted_at)
        chosen = await self._choose(client, resource=resource, granted=remaining)
        grant = _grant(client, scope, remaining, chosen)
        if asked is None:
            return grant
        narrowed = narrow_granted_at(asked, client=client, resource=chosen, granted=grant.scope)
        return TokenGrant(scope=narrowed, resource=chosen, scope_of_family=own_scope(narrowed))

    async def _still_granted(self, granted: str | None, granted_at: datetime) -> GrantedResources:
        """Return what is left of a stored grant; raise `InvalidTargetError` if nothing is."""
        before = parse_granted(granted)
        remaining = await self._resource_catalogue.still_granted(before, granted_at=granted_at)
        if before and not remaining:
            raise InvalidTargetError(
                Description.RESOURCE_NOT_GRANTED,
                reason="the resource was deleted and created again since it was granted: the client"
                " has to send an authorization request",
            )
        return remaining

    async def _resources(self, client: Client, sent: str | None) -> Sequence[Resource]:
        """Return the resources that a request names, or else the default one of the client."""
        if sent is None:
            default = await self._default(client)
            return () if default is None else (_permitted(client, default),)
        found = [await self._find(client, each) for each in sent.split(" ")]
        return tuple({resource.identifier: resource for resource in found}.values())

    async def _default(self, client: Client) -> Resource | None:
        if client.default_resource is None:
            return None
        default = await self._resource_catalogue.find_by_name(client.default_resource)
        if default is None:
            raise InvalidTargetError(
                reason=f"the resource {client.default_resource}, the default of the client, does"
                f" not exist: run `postern clients set {client.client_id} --default-resource NAME`"
            )
        return default

    async def _find(self, client: Client, identifier: str) -> Resource:
        resource = await self._resource_catalogue.find(identifier)
        if resource is None:
            raise InvalidTargetError(reason=_not_registered(shown_uri(identifier)))
        return _permitted(client, resource)


def _single(resource: str | None) -> str | None:
    """Require a token request to name one resource at most: a token has one audience."""
    if resource is not None and " " in resource:
        raise InvalidTargetError(
            Description.NAME_ONE_RESOURCE, reason="the resource is named more than once"
        )
    return resource


def _not_registered(uri: str) -> str:
    word = shell_word(uri, "URI")
    shown = f" {uri[:MAXIMUM_WORD]}" if word == "URI" else ""
    return (
        f"the resource{shown} is not registered: run `postern resources create NAME --identifier"
        f" {word}`, or add it to the aliases of a resource"
    )


def _named(client: Client) -> str:
    """Return the client in a command; an agent chooses the URL that is its id."""
    return shell_word(client.client_id, "CLIENT_ID")


def _permitted(client: Client, resource: Resource) -> Resource:
    is_of_agent = client.has_document and resource.is_for_agents
    if not is_of_agent and not resource.may_be_requested_by(client.client_id):
        raise InvalidTargetError(
            reason=f"the resource {resource.name} may not be requested by the client: run `postern"
            f" resources set {resource.name} --requester {_named(client)}`"
        )
    if not client.allows_resource(resource.name):
        raise InvalidTargetError(
            reason=f"the resource {resource.name} is not among those that the policies of the"
            f" client allow: run `postern clients policy {client.client_id} --allowed-resource"
            f" {resource.name}`, with the others that it may request"
        )
    return resource


def _grant(
    client: Client, scope: str, granted: GrantedResources, chosen: Resource | None
) -> TokenGrant:
    """Return the grant of an access token for the chosen resource, with the scopes that those
    granted at it imply."""
    if chosen is None:
        return grant_without_resource(scope)
    names = granted.scopes.get(chosen.identifier, ())
    at_resource = permitted_at(chosen, chosen.with_implied(names), client=client)
    own = own_scope(scope)
    return TokenGrant(
        scope=_joined(own.split(), at_resource),
        resource=chosen,
        scope_of_family=own,
        resources=granted.stored(),
    )


def _joined(*names: Collection[str]) -> str:
    return " ".join(name for each in names for name in each)
