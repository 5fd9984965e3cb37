"""The resource and the scopes that an identity assertion gives access to.

They are what the assertion names, within what the row of its issuer allows and the client may have.
The request can narrow them further.
"""

from app.models.clients.clients import Client
from app.models.oauth.resources import Resource
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidTargetError
from app.oauth.exchange.narrowing import narrowed_within
from app.oauth.received_identities.verification import ReceivedIdentity
from app.oauth.resource_indicators import ResourceIndicators
from app.oauth.scopes import wider_than_allowed
from app.oauth.token_grants import TokenGrant
from app.oauth.trusted_scopes import require_resource_of, scopes_of
from app.services.oauth.resource_catalogue import ResourceCatalogue


class IdentityTargets:
    def __init__(
        self, *, resource_indicators: ResourceIndicators, resource_catalogue: ResourceCatalogue
    ) -> None:
        self._resource_indicators = resource_indicators
        self._resource_catalogue = resource_catalogue

    async def grant_of(
        self, identity: ReceivedIdentity, client: Client, *, resource: str | None, scope: str | None
    ) -> TokenGrant:
        """Return what a request gets; raises `InvalidTargetError` or `InvalidScopeError`."""
        target = await self._target(identity, client, resource)
        require_resource_of(identity.row, target)
        held = scopes_of(identity.row, target)
        if identity.scope is not None:
            named = frozenset(identity.scope.split())
            implied = target.with_implied(named) if target is not None else frozenset[str]()
            held &= named | implied
        grant = narrowed_within(held, target, client, asked=scope)
        if identity.scope and not grant.scope:
            raise wider_than_allowed(
                f"the issuer {identity.row.name}, or the client, may not have any scope of the"
                f" assertion: {identity.scope[:200]!a}"
            )
        return grant

    async def _target(
        self, identity: ReceivedIdentity, client: Client, asked: str | None
    ) -> Resource | None:
        if identity.resources is None:
            if asked is None and client.default_resource is None:
                return None
            return await self._resource_indicators.target(client, resource=asked, audience=None)
        named = await self._named(identity, identity.resources)
        if asked is not None:
            target = await self._resource_indicators.target(client, resource=asked, audience=None)
            if target.identifier not in named:
                raise InvalidTargetError(
                    reason=f"the resource {target.name} is not in the assertion, or the issuer"
                    f" {identity.row.name} does not allow it"
                )
            return target
        if len(named) > 1:
            raise InvalidTargetError(
                Description.NAME_ONE_RESOURCE,
                reason="the resource is not named, and the assertion has several: send `resource`",
            )
        if not named:
            raise InvalidTargetError(
                reason=f"the issuer {identity.row.name} does not allow a resource of the assertion,"
                " or it is not registered: run `postern resources create`, and create the issuer"
                " with `--resource NAME`"
            )
        return await self._resource_indicators.target(
            client, resource=next(iter(named)), audience=None
        )

    async def _named(
        self, identity: ReceivedIdentity, identifiers: tuple[str, ...]
    ) -> dict[str, Resource]:
        """Return the resources of an assertion that are registered, and that its row allows."""
        allowed = identity.row.resource_names.split()
        found = [await self._resource_catalogue.find(each) for each in identifiers]
        return {
            each.identifier: each for each in found if each is not None and each.name in allowed
        }
