"""What users in a file refer to: groups, roles and attributes, which must exist already."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.errors import InvalidInputError
from app.models.accounts.attributes import AttributeDefinition
from app.models.accounts.roles import RESERVED_ROLES
from app.repositories.accounts.attributes import AttributeRepository
from app.repositories.accounts.groups import GroupRepository
from app.repositories.accounts.roles import RoleRepository
from app.schemas.groups import RoleReference, group_key
from app.schemas.imported_users import ImportedUser
from app.services.accounts.attributes import wrong_values
from app.services.accounts.imports.candidates import shown

RESERVED = "roles: administrator and auditor are granted by postern admin only"


@dataclass(slots=True)
class References:
    """The ids of groups and roles that a user gets, and a problem for all that is not allowed."""

    group_ids: list[str] = field(default_factory=list)
    role_ids: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class ReferenceChecks:
    """The checks of one pass through a file. They remember what they have found."""

    def __init__(
        self,
        *,
        group_repository: GroupRepository,
        role_repository: RoleRepository,
        attribute_repository: AttributeRepository,
    ) -> None:
        self._group_repository = group_repository
        self._role_repository = role_repository
        self._attribute_repository = attribute_repository
        self._group_ids: dict[str, str | None] = {}
        self._role_ids: dict[RoleReference, str | None] = {}
        self._definitions: Mapping[str, AttributeDefinition] | None = None

    async def of(self, user: ImportedUser) -> References:
        references = References()
        for name in user.groups:
            group_id = await self._group_id_of(name)
            if group_id is None:
                references.problems.append(f"groups: there is no group {shown(name)}")
            elif group_id not in references.group_ids:
                references.group_ids.append(group_id)
        for role in user.roles:
            role_id = await self._role_id_of(role)
            if role_id is None:
                references.problems.append(f"roles: there is no role {shown(role.label)}")
            elif role_id in RESERVED_ROLES:
                references.problems.append(RESERVED)
            elif role_id not in references.role_ids:
                references.role_ids.append(role_id)
        if user.attributes or user.own_attributes:
            references.problems += _wrong_attributes(user, await self._attribute_definitions())
        return references

    async def _group_id_of(self, name: str) -> str | None:
        key = group_key(name)
        if key not in self._group_ids:
            group = await self._group_repository.find_by_name(key)
            self._group_ids[key] = group.group_id if group is not None else None
        return self._group_ids[key]

    async def _role_id_of(self, reference: RoleReference) -> str | None:
        if reference not in self._role_ids:
            role = await self._role_repository.find_by_name(
                reference.name, client_id=reference.client_id
            )
            self._role_ids[reference] = role.role_id if role is not None else None
        return self._role_ids[reference]

    async def _attribute_definitions(self) -> Mapping[str, AttributeDefinition]:
        if self._definitions is None:
            definitions = await self._attribute_repository.list_all()
            self._definitions = {each.name: each for each in definitions}
        return self._definitions


def _wrong_attributes(
    user: ImportedUser, definitions: Mapping[str, AttributeDefinition]
) -> Iterator[str]:
    columns = {"attributes": user.attributes, "own_attributes": user.own_attributes}
    for column, values in columns.items():
        for name, detail in wrong_values(values, definitions, of="users"):
            yield InvalidInputError(detail).detail_for(f"{column}.{shown(name)}")
    for name in user.own_attributes:
        if name in definitions and not definitions[name].is_editable_by_users:
            yield f"own_attributes.{name}: users cannot edit this attribute"
