"""Groups and their roles in files of desired state. Members of groups are never in a file."""

import json
from collections.abc import Sequence

from app.errors import InvalidInputError
from app.models.accounts.groups import Group, groups
from app.models.accounts.roles import RESERVED_ROLES, Role
from app.schemas.desired_state.groups import GroupState
from app.schemas.groups import GroupBody, RoleReference, group_key
from app.services.accounts.groups import GroupService
from app.services.accounts.role_grants import RoleGrantService
from app.services.accounts.roles import RoleService
from app.services.operations.authority import Authority
from app.services.operations.desired_state.kinds.base import Kind, Members, Step, Stored, stated
from app.services.operations.desired_state.kinds.group_names import every_group

ROLES = "roles"
GroupStep = Step[GroupState, Group]


class GroupKind(Kind[GroupState, Group]):
    """Groups. Grants of reserved roles are neither stated nor revoked by a file."""

    section, noun, table = "groups", "group", groups
    model = GroupState

    def __init__(
        self, *, groups: GroupService, roles: RoleService, role_grants: RoleGrantService
    ) -> None:
        self._groups = groups
        self._roles = roles
        self._role_grants = role_grants

    async def stored(self) -> Sequence[Stored[Group]]:
        return [await self._stored(group) for group in await every_group(self._groups)]

    def key_of(self, state: GroupState) -> str:
        return group_key(state.name)

    def name_of(self, state: GroupState) -> str:
        return state.name

    def members_of(self, state: GroupState) -> Members:
        members = state.model_dump(mode="json", exclude={ROLES})
        return stated({**members, ROLES: sorted({role.label for role in state.roles})})

    async def check(self, step: GroupStep) -> None:
        if any(role.name in RESERVED_ROLES and not role.client_id for role in step.state.roles):
            raise InvalidInputError(
                "administrator and auditor are granted by `postern admin` only.", field=ROLES
            )

    async def create(self, step: GroupStep) -> None:
        await self._groups.create(_body(step), owner=step.owner, authority=step.authority)

    async def change(self, step: GroupStep, before: Stored[Group]) -> None:
        await self._groups.change(
            before.row_id, _body(step), owner=step.owner, authority=step.authority
        )

    async def link(self, step: GroupStep) -> None:
        """Grant the roles that the group gets, and revoke those that it loses."""
        if ROLES not in step.changed:
            return
        group = await self._groups.find_by_name(step.state.name)
        if group is None:
            return
        granted = await self._granted(group.group_id)
        roles = [await self._role(reference) for reference in step.state.roles]
        wanted_ids = {role.role_id for role in roles}
        for role in granted:
            if role.role_id not in wanted_ids:
                await self._role_grants.revoke_from_group(
                    role.role_id, group.group_id, authority=step.authority
                )
        for role in roles:
            await self._role_grants.grant_to_group(
                role.role_id, group.group_id, authority=step.authority
            )

    async def delete(self, before: Stored[Group], authority: Authority) -> None:
        await self._groups.delete(before.row_id, authority=authority)

    async def _granted(self, group_id: str) -> Sequence[Role]:
        roles = await self._role_grants.roles_of_group(group_id)
        return [role for role in roles if not role.is_reserved]

    async def _role(self, reference: RoleReference) -> Role:
        role = await self._roles.find_by_name(reference.name, client_id=reference.client_id)
        if role is None:
            raise InvalidInputError(
                f"there is no role {reference.label}. Add it to roles.", field=ROLES
            )
        return role

    async def _stored(self, group: Group) -> Stored[Group]:
        roles = await self._granted(group.group_id)
        references = [
            RoleReference.model_construct(name=role.name, client_id=role.client_id)
            for role in roles
        ]
        values = {name: getattr(group, name) for name in GroupBody.model_fields}
        values |= {"attributes": json.loads(group.attributes), ROLES: tuple(references)}
        state = GroupState.model_construct(**values)
        members = self.members_of(state)
        return Stored(
            key=group.name_key,
            name=group.name,
            row_id=group.group_id,
            owner=group.owner,
            version=group.version,
            members=members,
            exported=stated({**members, ROLES: [each.stated for each in references]}),
            row=group,
        )


def _body(step: GroupStep) -> GroupBody:
    return GroupBody.model_validate(step.state.model_dump(exclude={ROLES}))
