"""Resources in files of desired state, with their scopes and clients."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.models.oauth.resources import Resource, resources
from app.schemas.client_policies import AccessPolicy
from app.schemas.desired_state.resources import ResourceState
from app.schemas.resource_policies import ResourcePolicies
from app.schemas.resources import ResourceBody
from app.services.accounts.groups import GroupService
from app.services.oauth.resources import ResourceService
from app.services.oauth.stated_resources import stated_resource
from app.services.operations.authority import Authority
from app.services.operations.desired_state.kinds.base import Kind, Members, Step, Stored, stated
from app.services.operations.desired_state.kinds.group_names import (
    every_group,
    group_ids,
    keys_of,
)

POLICIES = "policies"
GROUPS = "policies.personal_tokens.groups"
ResourceStep = Step[ResourceState, Resource]


class ResourceKind(Kind[ResourceState, Resource]):
    section, noun, table = "resources", "resource", resources
    model = ResourceState

    def __init__(self, *, resources: ResourceService, groups: GroupService) -> None:
        self._resources = resources
        self._groups = groups

    async def stored(self) -> Sequence[Stored[Resource]]:
        found = await self._resources.list_all()
        names = {group.group_id: group.name for group in await every_group(self._groups)}
        return [self._stored(resource, names) for resource in found]

    def key_of(self, state: ResourceState) -> str:
        return state.name

    def name_of(self, state: ResourceState) -> str:
        return state.name

    def members_of(self, state: ResourceState) -> Members:
        return _compared(state.model_dump(mode="json", exclude_defaults=True))

    async def create(self, step: ResourceStep) -> None:
        body = _body(step.state, ResourcePolicies())
        await self._resources.create(body, owner=step.owner, authority=step.authority)

    async def change(self, step: ResourceStep, before: Stored[Resource]) -> None:
        await self._resources.change(
            before.row_id,
            _body(step.state, before.row.policies_in_force),
            owner=step.owner,
            authority=step.authority,
        )

    async def link(self, step: ResourceStep) -> None:
        """Store the policies, which refer to groups."""
        if POLICIES not in step.changed:
            return
        access = step.state.policies.personal_tokens
        ids = await group_ids(self._groups, access.groups, field=GROUPS)
        policies = ResourcePolicies(
            personal_tokens=AccessPolicy(kind=access.kind, groups=tuple(ids))
        )
        await self._resources.change(
            step.state.name, _body(step.state, policies), authority=step.authority
        )

    async def delete(self, before: Stored[Resource], authority: Authority) -> None:
        await self._resources.delete(before.row_id, authority=authority)

    def _stored(self, resource: Resource, names: Mapping[str, str]) -> Stored[Resource]:
        body = ResourceBody.model_validate(stated_resource(resource))
        members = body.model_dump(mode="json", exclude_defaults=True)
        if access := _with_names(resource.policies_in_force.personal_tokens, names):
            members[POLICIES] = {"personal_tokens": access}
        return Stored(
            key=resource.name,
            name=resource.name,
            row_id=resource.name,
            owner=resource.owner,
            version=resource.version,
            members=_compared(members),
            exported=stated(members),
            row=resource,
        )


def _body(state: ResourceState, policies: ResourcePolicies) -> ResourceBody:
    return ResourceBody.model_validate({**state.model_dump(exclude={POLICIES}), POLICIES: policies})


def _compared(members: Members) -> Members:
    """Return members in the form in which they are compared: what has no order is sorted."""
    compared = dict(members)
    for name in ("aliases", "requesters", "servers"):
        compared[name] = sorted(set(members.get(name, ())))
    scopes = sorted(members.get("scopes", ()), key=lambda scope: str(scope["name"]))
    compared["scopes"] = [
        stated({**scope, "implies": sorted(set(scope.get("implies", ())))}) for scope in scopes
    ]
    if groups := members.get(POLICIES, {}).get("personal_tokens", {}).get("groups"):
        access = {**members[POLICIES]["personal_tokens"], "groups": keys_of(groups)}
        compared[POLICIES] = {"personal_tokens": access}
    return stated(compared)


def _with_names(access: AccessPolicy, names: Mapping[str, str]) -> dict[str, Any]:
    """Return who may have personal tokens with the names of groups; nobody if all were deleted."""
    members = access.model_dump(mode="json", exclude_defaults=True)
    if access.groups:
        known = sorted(names[each] for each in access.groups if each in names)
        return {"kind": "groups", "groups": known} if known else {"kind": "nobody"}
    return members
