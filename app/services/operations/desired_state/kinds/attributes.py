"""Definitions of attributes in files of desired state."""

from collections.abc import Sequence

from app.models.accounts.attributes import AttributeDefinition, attribute_definitions
from app.schemas.attributes import AttributeDefinitionBody
from app.services.accounts.attributes import AttributeService
from app.services.operations.authority import Authority
from app.services.operations.desired_state.kinds.base import Kind, Members, Step, Stored

AttributeStep = Step[AttributeDefinitionBody, AttributeDefinition]


class AttributeKind(Kind[AttributeDefinitionBody, AttributeDefinition]):
    section, noun, table = "attributes", "attribute", attribute_definitions
    model = AttributeDefinitionBody

    def __init__(self, attributes: AttributeService) -> None:
        self._attributes = attributes

    async def stored(self) -> Sequence[Stored[AttributeDefinition]]:
        return [self._stored(each) for each in await self._attributes.list_all()]

    def key_of(self, state: AttributeDefinitionBody) -> str:
        return state.name

    def name_of(self, state: AttributeDefinitionBody) -> str:
        return state.name

    def members_of(self, state: AttributeDefinitionBody) -> Members:
        return state.model_dump(mode="json", exclude_defaults=True)

    async def create(self, step: AttributeStep) -> None:
        await self._attributes.define(step.state, owner=step.owner, authority=step.authority)

    async def change(self, step: AttributeStep, before: Stored[AttributeDefinition]) -> None:
        await self._attributes.change(
            before.row_id, step.state, owner=step.owner, authority=step.authority
        )

    async def delete(self, before: Stored[AttributeDefinition], authority: Authority) -> None:
        await self._attributes.delete(before.row_id, authority=authority)

    def _stored(self, row: AttributeDefinition) -> Stored[AttributeDefinition]:
        values = {name: getattr(row, name) for name in self.model.model_fields}
        members = self.members_of(self.model.model_construct(**values))
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
