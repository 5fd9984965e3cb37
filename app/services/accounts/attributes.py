"""Definitions of typed attributes, and the check of values against them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.details import Detail
from app.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StaleVersionError,
    require_version,
)
from app.models.accounts.attributes import AttributeDefinition
from app.models.accounts.groups import MANUAL
from app.repositories.accounts.attributes import AttributeRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.attributes import AppliesTo, AttributeDefinitionBody, is_of_type, is_value
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

WRITE = AdminScope.POLICIES_WRITE
MAXIMUM_DEFINITIONS = 200
"""All definitions are read at once."""


class AttributeService:
    def __init__(self, attribute_repository: AttributeRepository, audit: AuditLog) -> None:
        self._attribute_repository = attribute_repository
        self._audit = audit

    async def define(
        self, body: AttributeDefinitionBody, *, owner: str = MANUAL, authority: Authority
    ) -> AttributeDefinition:
        """Declare an attribute; raise `ConflictError` if its name is taken."""
        authority.require(WRITE)
        if len(await self.list_all()) >= MAXIMUM_DEFINITIONS:
            raise ConflictError(Detail.TOO_MANY_ATTRIBUTES)
        definition = AttributeDefinition(**body.model_dump(), owner=owner, version=1)
        event = self._audit.event(
            ServerEvent.ATTRIBUTE_DEFINED, name=body.name, after=shown_definition(definition)
        )
        if not await self._attribute_repository.add(definition, event=event):
            raise ConflictError(Detail.ATTRIBUTE_NAME_TAKEN, field="name")
        return definition

    async def change(
        self,
        name: str,
        body: AttributeDefinitionBody,
        *,
        owner: str | None = None,
        version: int | None = None,
        authority: Authority,
    ) -> AttributeDefinition:
        """Change a definition. Its name and type stay, since stored values have them."""
        authority.require(WRITE)
        before = await self.get(name)
        require_version(version, current=before.version)
        if (body.name, body.type) != (before.name, before.type):
            raise InvalidInputError(Detail.ATTRIBUTE_KEEPS_TYPE, field="type")
        after = replace(before, **body.model_dump(), owner=owner or before.owner)
        if after == before:
            return before
        after = replace(after, version=before.version + 1)
        event = self._audit.event(
            ServerEvent.ATTRIBUTE_CHANGED,
            name=name,
            before=shown_definition(before),
            after=shown_definition(after),
        )
        if not await self._attribute_repository.change(before, after, event=event):
            raise StaleVersionError
        return after

    async def delete(self, name: str, *, version: int | None = None, authority: Authority) -> None:
        """Delete a definition: no claim contains the attribute any more."""
        authority.require(WRITE)
        before = await self.get(name)
        require_version(version, current=before.version)
        event = self._audit.event(
            ServerEvent.ATTRIBUTE_DELETED, name=name, before=shown_definition(before)
        )
        if not await self._attribute_repository.delete(before, event=event):
            raise StaleVersionError

    async def get(self, name: str) -> AttributeDefinition:
        """Return a definition; raise `NotFoundError` if there is none of this name."""
        definition = (await self.by_name()).get(name)
        if definition is None:
            raise NotFoundError(Detail.ATTRIBUTE_UNKNOWN)
        return definition

    async def list_all(self) -> Sequence[AttributeDefinition]:
        return await self._attribute_repository.list_all()

    async def by_name(self) -> Mapping[str, AttributeDefinition]:
        return {each.name: each for each in await self.list_all()}

    async def check(self, values: Mapping[str, Any], *, of: AppliesTo) -> None:
        """Raise `InvalidInputError` for a value without a definition for users or groups, or of
        another type, or one that JSON cannot represent or that is too long."""
        definitions = await self.by_name() if values else {}
        for name, detail in wrong_values(values, definitions, of=of):
            raise InvalidInputError(detail, field=f"attributes.{name}")


def wrong_values(
    values: Mapping[str, Any], definitions: Mapping[str, AttributeDefinition], *, of: AppliesTo
) -> Iterator[tuple[str, Detail]]:
    """Yield the names of values that `AttributeService.check` refuses, each with the reason."""
    for name, value in values.items():
        definition = definitions.get(name)
        if definition is None or definition.applies_to not in (of, "both"):
            yield name, Detail.ATTRIBUTE_NOT_DEFINED
        elif not is_of_type(value, definition.type):
            yield name, Detail.ATTRIBUTE_TYPE_WRONG
        elif not is_value(value):
            yield name, Detail.ATTRIBUTE_VALUE_INVALID


def shown_definition(definition: AttributeDefinition) -> Mapping[str, Any]:
    """Return what the audit log says about a definition."""
    return {
        "type": definition.type,
        "applies_to": definition.applies_to,
        "editable_by": definition.editable_by,
        "description": definition.description,
        "owner": definition.owner,
    }
