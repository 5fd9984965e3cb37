"""Scopes of the catalogue in files of desired state."""

from collections.abc import Sequence

from app.models.oauth.scopes import Scope, scopes
from app.schemas.scopes import ScopeBody
from app.services.oauth.scopes import ScopeService
from app.services.operations.authority import Authority
from app.services.operations.desired_state.kinds.base import Kind, Members, Step, Stored, stated

ScopeStep = Step[ScopeBody, Scope]


class ScopeKind(Kind[ScopeBody, Scope]):
    section, noun, table = "scopes", "scope", scopes
    model = ScopeBody

    def __init__(self, scopes: ScopeService) -> None:
        self._scopes = scopes

    async def stored(self) -> Sequence[Stored[Scope]]:
        return [self._stored(scope) for scope in await self._scopes.list_all()]

    def key_of(self, state: ScopeBody) -> str:
        return state.name

    def name_of(self, state: ScopeBody) -> str:
        return state.name

    def members_of(self, state: ScopeBody) -> Members:
        return stated(state.model_dump(mode="json"))

    async def create(self, step: ScopeStep) -> None:
        await self._scopes.create(step.state, owner=step.owner, authority=step.authority)

    async def change(self, step: ScopeStep, before: Stored[Scope]) -> None:
        await self._scopes.change(
            before.row_id, step.state, owner=step.owner, authority=step.authority
        )

    async def delete(self, before: Stored[Scope], authority: Authority) -> None:
        await self._scopes.delete(before.row_id, authority=authority)

    def _stored(self, scope: Scope) -> Stored[Scope]:
        members = self.members_of(
            ScopeBody.model_construct(
                name=scope.name, description=scope.description, translations=scope.texts
            )
        )
        return Stored(
            key=scope.name,
            name=scope.name,
            row_id=scope.name,
            owner=scope.owner,
            version=scope.version,
            members=members,
            exported=members,
            row=scope,
        )
