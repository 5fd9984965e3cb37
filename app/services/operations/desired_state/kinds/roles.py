"""Roles in files of desired state."""

from collections.abc import Sequence

from app.details import Detail
from app.errors import InvalidInputError
from app.models.accounts.roles import RESERVED_ROLES, Role, roles
from app.schemas.groups import RoleBody
from app.services.accounts.roles import RoleService
from app.services.operations.authority import Authority
from app.services.operations.desired_state.kinds.base import Kind, Members, Step, Stored, stated
from app.services.operations.desired_state.paging import every

RoleStep = Step[RoleBody, Role]


class RoleKind(Kind[RoleBody, Role]):
    """Roles, without the reserved ones, which no file states."""

    section, noun, table = "roles", "role", roles
    model = RoleBody

    def __init__(self, roles: RoleService) -> None:
        self._roles = roles

    async def stored(self) -> Sequence[Stored[Role]]:
        every_role = await every(self._page)
        return [self._stored(role) for role in every_role if not role.is_reserved]

    def key_of(self, state: RoleBody) -> str:
        return f"{state.client_id} {state.name}"

    def name_of(self, state: RoleBody) -> str:
        return f"{state.client_id}:{state.name}" if state.client_id else state.name

    def members_of(self, state: RoleBody) -> Members:
        return stated(state.model_dump(mode="json"))

    async def check(self, step: RoleStep) -> None:
        if step.state.name in RESERVED_ROLES:
            raise InvalidInputError(Detail.ROLE_NAME_RESERVED, field="name")

    async def create(self, step: RoleStep) -> None:
        await self._roles.create(step.state, owner=step.owner, authority=step.authority)

    async def change(self, step: RoleStep, before: Stored[Role]) -> None:
        await self._roles.change(
            before.row_id, step.state, owner=step.owner, authority=step.authority
        )

    async def delete(self, before: Stored[Role], authority: Authority) -> None:
        await self._roles.delete(before.row_id, authority=authority)

    async def _page(self, last: Role | None) -> Sequence[Role]:
        if last is None:
            return await self._roles.list_page()
        return await self._roles.list_page(after_client=last.client_id, after_name=last.name)

    def _stored(self, role: Role) -> Stored[Role]:
        state = RoleBody.model_construct(
            name=role.name, client_id=role.client_id, description=role.description
        )
        members = self.members_of(state)
        return Stored(
            key=self.key_of(state),
            name=self.name_of(state),
            row_id=role.role_id,
            owner=role.owner,
            version=role.version,
            members=members,
            exported=members,
            row=role,
        )
