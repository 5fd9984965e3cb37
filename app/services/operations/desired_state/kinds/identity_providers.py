"""Identity providers in files of desired state, with the groups that their claims mean."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.models.accounts.groups import GroupMapping
from app.models.federation.identity_providers import IdentityProvider, upstream_providers
from app.schemas.desired_state.identity_providers import IdentityProviderState
from app.schemas.desired_state.references import SecretReference
from app.schemas.identity_providers import IdentityProviderBody
from app.services.accounts.group_mappings import GroupMappingService
from app.services.accounts.groups import GroupService
from app.services.federation.administration import IdentityProviderAdministration
from app.services.federation.identity_providers import IdentityProviderService
from app.services.operations.authority import Authority
from app.services.operations.desired_state.kinds.base import Kind, Members, Step, Stored, stated
from app.services.operations.desired_state.kinds.group_names import (
    every_group,
    group_ids,
    keys_of,
)

MAPPINGS = "group_mappings"
ProviderStep = Step[IdentityProviderState, IdentityProvider]


class IdentityProviderKind(Kind[IdentityProviderState, IdentityProvider]):
    section, noun, table = "identity_providers", "identity provider", upstream_providers
    remaining = frozenset({"disabled"})
    model = IdentityProviderState

    def __init__(
        self,
        *,
        identity_providers: IdentityProviderService,
        administration: IdentityProviderAdministration,
        group_mappings: GroupMappingService,
        groups: GroupService,
    ) -> None:
        self._identity_providers = identity_providers
        self._administration = administration
        self._group_mappings = group_mappings
        self._groups = groups

    async def stored(self) -> Sequence[Stored[IdentityProvider]]:
        names = {group.group_id: group.name for group in await every_group(self._groups)}
        return [
            _stored(each, _by_value(await self._group_mappings.list_of(each.name), names))
            for each in await self._identity_providers.list_all()
        ]

    def key_of(self, state: IdentityProviderState) -> str:
        return state.name

    def name_of(self, state: IdentityProviderState) -> str:
        return state.name

    def members_of(self, state: IdentityProviderState) -> Members:
        settings = {**_body(state).model_dump(), "label": state.shown_label}
        members = _members(settings, state.groups_claim, state.group_mappings)
        return members if state.disabled is None else {**members, "disabled": state.disabled}

    def secret_of(self, state: IdentityProviderState) -> SecretReference | None:
        return state.client_secret

    def has_secret(self, row: IdentityProvider) -> bool:
        return row.sealed_secret is not None

    def is_secret_of(self, row: IdentityProvider, secret: str) -> bool:
        return self._identity_providers.secret_of(row) == secret

    def variable_of(self, stored: Stored[IdentityProvider]) -> str:
        return f"PROVIDER_SECRET_{re.sub(r'[^A-Z0-9]', '_', stored.key.upper())}"

    async def check(self, step: ProviderStep) -> None:
        self._administration.check(_body(step.state))

    async def create(self, step: ProviderStep) -> None:
        await self._administration.add(
            _body(step.state),
            secret=step.secret or "",
            owner=step.owner,
            authority=step.authority,
        )
        await self._set_disabled(step)

    async def change(self, step: ProviderStep, before: Stored[IdentityProvider]) -> None:
        await self._administration.change(
            _body(step.state), secret=step.secret, owner=step.owner, authority=step.authority
        )
        await self._set_disabled(step)

    async def link(self, step: ProviderStep) -> None:
        """Store the mapping of groups."""
        if step.changed.isdisjoint({"groups_claim", MAPPINGS}):
            return
        mappings = {
            value: await group_ids(self._groups, names, field=f"{MAPPINGS}.{value}")
            for value, names in step.state.group_mappings.items()
        }
        await self._group_mappings.set(
            step.state.name,
            groups_claim=step.state.groups_claim,
            mappings=mappings,
            authority=step.authority,
        )

    async def delete(self, before: Stored[IdentityProvider], authority: Authority) -> None:
        await self._administration.remove(before.row_id, authority=authority)

    async def _set_disabled(self, step: ProviderStep) -> None:
        if "disabled" in step.changed and step.state.disabled is not None:
            await self._administration.set_disabled(
                step.state.name, disabled=step.state.disabled, authority=step.authority
            )


def _stored(
    provider: IdentityProvider, mappings: Mapping[str, Sequence[str]]
) -> Stored[IdentityProvider]:
    settings = {name: getattr(provider, name) for name in IdentityProviderBody.model_fields}
    members = _members(settings, provider.groups_claim, mappings)
    return Stored(
        key=provider.name,
        name=provider.name,
        row_id=provider.name,
        owner=provider.owner,
        version=provider.version,
        members={**members, "disabled": provider.is_disabled},
        exported=stated(
            {**members, MAPPINGS: dict(mappings), "disabled": provider.is_disabled or None}
        ),
        row=provider,
    )


def _members(
    settings: Mapping[str, Any], groups_claim: str | None, mappings: Mapping[str, Sequence[str]]
) -> Members:
    compared = {value: keys_of(names) for value, names in sorted(mappings.items())}
    return stated({**settings, "groups_claim": groups_claim, MAPPINGS: compared})


def _by_value(
    mappings: Sequence[GroupMapping], names: Mapping[str, str]
) -> Mapping[str, Sequence[str]]:
    by_value: dict[str, list[str]] = {}
    for mapping in mappings:
        if mapping.group_id in names:
            by_value.setdefault(mapping.claim_value, []).append(names[mapping.group_id])
    return {value: sorted(by_value[value]) for value in sorted(by_value)}


def _body(state: IdentityProviderState) -> IdentityProviderBody:
    members = set(IdentityProviderBody.model_fields)
    return IdentityProviderBody.model_validate(state.model_dump(include=members))
