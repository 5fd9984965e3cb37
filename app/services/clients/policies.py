"""Policies of clients: who may use them and what their tokens contain, set by administrators."""

from collections.abc import Collection, Mapping
from typing import Any

from app.clock import Clock
from app.details import Detail
from app.errors import InvalidInputError, NotFoundError, StaleVersionError, require_version
from app.models.accounts.sessions import provider_method
from app.models.clients.clients import Client
from app.repositories.accounts.groups import GroupRepository
from app.repositories.clients.clients import ClientRepository
from app.repositories.federation.identity_providers import IdentityProviderRepository
from app.repositories.oauth.resources import ResourceRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.claim_names import VOUCHED_CLAIMS
from app.schemas.client_policies import ClientPolicies, ExchangePolicy
from app.services.accounts.attributes import AttributeService
from app.services.clients.fapi import require_fit
from app.services.clients.stated_clients import stated_members
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

OF_PROVIDER = provider_method("")
"""Beginning of the login methods of identity providers."""


class ClientPolicyService:
    def __init__(
        self,
        *,
        client_repository: ClientRepository,
        group_repository: GroupRepository,
        identity_provider_repository: IdentityProviderRepository,
        resource_repository: ResourceRepository,
        attributes: AttributeService,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._client_repository = client_repository
        self._group_repository = group_repository
        self._identity_provider_repository = identity_provider_repository
        self._resource_repository = resource_repository
        self._attributes = attributes
        self._audit = audit
        self._clock = clock

    async def set(
        self,
        client_id: str,
        policies: ClientPolicies,
        *,
        version: int | None = None,
        authority: Authority,
    ) -> Client:
        """Replace the policies of a client, which hold from the next request on.

        Raise `InvalidInputError` for a group, an attribute, an identity provider, a resource or a
        client that does not exist, for an attribute that its user edits as the source of a claim
        that others rely on, and for a profile that the metadata does not fit. What the stored
        policies refer to already may remain, even if it has been deleted since.
        """
        authority.require(AdminScope.POLICIES_WRITE)
        before = await self._client_repository.find_registered(client_id, now=self._clock.now())
        if before is None:
            raise NotFoundError(Detail.CLIENT_UNKNOWN)
        authority.require_may_change(before)
        require_version(version, current=before.version)
        stored = before.policies_in_force or ClientPolicies()
        if stored.profile is None:
            require_fit(policies, stated_members(before), field="profile")
        await self._check(policies, stored=stored)
        await self._check_exchange(policies.token_exchange, stored.token_exchange, authority)
        await self._check_assertions(policies, stored, authority)
        after = before._replace(policies=policies.stored())
        if after == before:
            return before
        event = self._audit.event(
            ServerEvent.CLIENT_POLICIES_CHANGED,
            client_id=client_id,
            before=_shown(before.policies_in_force),
            after=_shown(after.policies_in_force),
        )
        if not await self._client_repository.change(before, after, event=event):
            raise StaleVersionError
        return after._replace(version=before.version + 1)

    async def _check(self, policies: ClientPolicies, *, stored: ClientPolicies) -> None:
        new_groups = set(policies.access.groups) - set(stored.access.groups)
        await self._require_groups(new_groups, field="access.groups")
        for name in _providers(policies) - _providers(stored):
            if await self._identity_provider_repository.find(name) is None:
                raise InvalidInputError(Detail.PROVIDER_UNKNOWN, field="login_methods")
        sources = _attribute_sources(policies) - _attribute_sources(stored)
        definitions = await self._attributes.by_name() if sources else {}
        for claim, attribute in sources:
            definition = definitions.get(attribute)
            if definition is None:
                raise InvalidInputError(Detail.ATTRIBUTE_NOT_DEFINED, field="claim_mappings")
            if claim in VOUCHED_CLAIMS and definition.is_editable_by_users:
                raise InvalidInputError(Detail.CLAIM_NOT_FROM_USERS, field="claim_mappings")

    async def _check_exchange(
        self, after: ExchangePolicy, before: ExchangePolicy, authority: Authority
    ) -> None:
        """Require the resources and clients of a policy to exist.

        A client that may exchange the tokens of another one gets what that may do.
        """
        if targets := set(after.targets) - set(before.targets):
            known = {resource.name for resource in await self._resource_repository.list_all()}
            if not targets <= known:
                raise InvalidInputError(Detail.RESOURCE_NOT_FOUND, field="token_exchange.targets")
        others = set(after.exchanger_of) - set(before.exchanger_of)
        if others:
            authority.require(AdminScope.CLIENTS_WRITE)
        for client_id in sorted(others):
            client = await self._known_client(client_id, field="token_exchange.exchanger_of")
            authority.require_may_change(client)
        if after.may_act is not None and after.may_act != before.may_act:
            await self._known_client(after.may_act, field="token_exchange.may_act")

    async def _check_assertions(
        self, after: ClientPolicies, before: ClientPolicies, authority: Authority
    ) -> None:
        """Require the groups and relying parties of new identity assertions to exist.

        Those that an entry for the same server has already may have been deleted.
        """
        field, stored = "identity_assertions", {e.audience: e for e in before.identity_assertions}
        new = [each for each in after.identity_assertions if each not in before.identity_assertions]
        if new:
            authority.require(AdminScope.CLIENTS_WRITE)
        for each in new:
            known = stored.get(each.audience)
            client = await self._client_repository.find(each.relying_party, now=self._clock.now())
            if client is not None:
                authority.require_may_change(client)
            elif known is None or known.relying_party != each.relying_party:
                raise InvalidInputError(Detail.CLIENT_UNKNOWN, field=field)
            known_groups = known.access.groups if known is not None else ()
            await self._require_groups(set(each.access.groups) - set(known_groups), field=field)

    async def _require_groups(self, group_ids: Collection[str], *, field: str) -> None:
        ids = sorted(set(group_ids))
        known = await self._group_repository.known_ids(ids) if ids else set()
        if not known.issuperset(ids):
            raise InvalidInputError(Detail.GROUP_UNKNOWN, field=field)

    async def _known_client(self, client_id: str, *, field: str) -> Client:
        client = await self._client_repository.find(client_id, now=self._clock.now())
        if client is None:
            raise InvalidInputError(Detail.CLIENT_UNKNOWN, field=field)
        return client


def _providers(policies: ClientPolicies) -> set[str]:
    """Return the identity providers that are login methods."""
    methods = policies.login_methods or ()
    return {
        method.removeprefix(OF_PROVIDER) for method in methods if method.startswith(OF_PROVIDER)
    }


def _attribute_sources(policies: ClientPolicies) -> set[tuple[str, str]]:
    """Return the claims with the attributes that they are mapped from."""
    return {
        (mapping.name, mapping.attribute)
        for mapping in policies.claim_mappings
        if mapping.attribute is not None
    }


def _shown(policies: ClientPolicies | None) -> Mapping[str, Any]:
    """Return what the audit log says about policies."""
    return policies.model_dump(mode="json", exclude_defaults=True) if policies is not None else {}
