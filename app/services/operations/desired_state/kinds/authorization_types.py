"""Types of authorization details in files of desired state."""

from collections.abc import Sequence

from app.models.oauth.authorization_types import AuthorizationType, authorization_types
from app.schemas.authorization_types import AuthorizationTypeBody
from app.services.oauth.authorization_types import AuthorizationTypeService, stated_type
from app.services.operations.authority import Authority
from app.services.operations.desired_state.kinds.base import Kind, Members, Step, Stored, stated

TypeStep = Step[AuthorizationTypeBody, AuthorizationType]


class AuthorizationTypeKind(Kind[AuthorizationTypeBody, AuthorizationType]):
    section, noun, table = "authorization_types", "authorization type", authorization_types
    model = AuthorizationTypeBody

    def __init__(self, authorization_types: AuthorizationTypeService) -> None:
        self._authorization_types = authorization_types

    async def stored(self) -> Sequence[Stored[AuthorizationType]]:
        return [self._stored(row) for row in await self._authorization_types.list_all()]

    def key_of(self, state: AuthorizationTypeBody) -> str:
        return state.name

    def name_of(self, state: AuthorizationTypeBody) -> str:
        return state.name

    def members_of(self, state: AuthorizationTypeBody) -> Members:
        return _compared(state.model_dump(mode="json"))

    async def create(self, step: TypeStep) -> None:
        await self._authorization_types.create(
            step.state, owner=step.owner, authority=step.authority
        )

    async def change(self, step: TypeStep, before: Stored[AuthorizationType]) -> None:
        await self._authorization_types.change(
            before.row_id, step.state, owner=step.owner, authority=step.authority
        )

    async def delete(self, before: Stored[AuthorizationType], authority: Authority) -> None:
        await self._authorization_types.delete(before.row_id, authority=authority)

    def _stored(self, row: AuthorizationType) -> Stored[AuthorizationType]:
        members = _compared(stated_type(row))
        return Stored(
            key=row.name,
            name=row.name,
            row_id=row.name,
            owner=row.owner,
            version=row.version,
            members=members,
            exported=members,
            row=row,
        )


def _compared(members: Members) -> Members:
    """Return members in the form in which they are compared: what has no order is sorted."""
    names = {name: sorted(set(members[name])) for name in ("clients", "resources")}
    return stated({**members, **names})
