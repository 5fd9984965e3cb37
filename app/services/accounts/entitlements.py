"""What a user is: the groups, roles and attributes that tokens and policies depend on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, cast

from app.models.accounts.roles import ADMINISTRATOR, AUDITOR, GLOBAL
from app.repositories.accounts.entitlements import (
    FIELD,
    RECORD,
    EntitlementRepository,
    EntitlementRow,
)
from app.schemas.attributes import is_of_type
from app.schemas.client_policies import SecondFactorPolicy

USER = "user"
"""`editable_by` of an attribute that users edit themselves."""


class GroupOfUser(NamedTuple):
    group_id: str
    name: str
    second_factor: str
    attributes: str


class Definition(NamedTuple):
    name: str
    type: str
    applies_to: str
    editable_by: str


@dataclass(frozen=True)
class Entitlements:
    """The groups, roles and attributes of a user."""

    groups: tuple[GroupOfUser, ...] = ()
    roles: frozenset[tuple[str, str]] = frozenset()
    """Pairs of a client_id, which is "" for a global role, and a name."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """Values that administrators set for the user."""
    own_attributes: Mapping[str, Any] = field(default_factory=dict)
    """Values that the user set."""
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    has_verified_email: bool = False

    @cached_property
    def group_ids(self) -> frozenset[str]:
        return frozenset(group.group_id for group in self.groups)

    @cached_property
    def group_names(self) -> tuple[str, ...]:
        return tuple(sorted(group.name for group in self.groups))

    @property
    def second_factor_policies(self) -> tuple[SecondFactorPolicy, ...]:
        """The policies that the groups of the user have of their own."""
        policies = tuple(group.second_factor for group in self.groups if group.second_factor)
        return cast("tuple[SecondFactorPolicy, ...]", policies)

    @property
    def is_administrator(self) -> bool:
        return (GLOBAL, ADMINISTRATOR) in self.roles

    @property
    def is_auditor(self) -> bool:
        return (GLOBAL, AUDITOR) in self.roles

    def roles_for(self, client_id: str) -> list[str]:
        """Return the names of the global roles and of those for a client, and no other client's."""
        return sorted({name for owner, name in self.roles if owner in (GLOBAL, client_id)})

    def attribute(self, name: str, *, is_vouched: bool) -> Any:
        """Return the value of an attribute, or None.

        The user's own value wins over those of groups, of which lists are joined. With `is_vouched`
        the value must be one that an administrator set, of an attribute that only administrators
        edit. A value without a definition of its type is ignored.
        """
        definition = self.definitions.get(name)
        if definition is None or (is_vouched and definition.editable_by == USER):
            return None
        candidates = [self.attributes] if definition.applies_to != "groups" else []
        if candidates and definition.editable_by == USER:
            candidates.insert(0, self.own_attributes)
        for values in candidates:
            if name in values and is_of_type(values[name], definition.type):
                return values[name]
        return self._of_groups(definition) if definition.applies_to != "users" else None

    def _of_groups(self, definition: Definition) -> Any:
        values = [
            value
            for group in sorted(self.groups, key=lambda each: (each.name, each.group_id))
            for value in [json.loads(group.attributes).get(definition.name)]
            if value is not None and is_of_type(value, definition.type)
        ]
        if definition.type == "list" and values:
            return list(dict.fromkeys(item for value in values for item in value))
        return values[0] if values else None


NO_ENTITLEMENTS = Entitlements()


class EntitlementService:
    def __init__(self, entitlement_repository: EntitlementRepository) -> None:
        self._entitlement_repository = entitlement_repository

    async def of(self, user_id: str) -> Entitlements:
        """Return the entitlements of a user; a user who does not exist has none."""
        row = await self._entitlement_repository.find(user_id)
        return _parse(row) if row is not None else NO_ENTITLEMENTS

    def lazily(self, user_id: str) -> "LazyEntitlements":
        return LazyEntitlements(self, user_id)


class LazyEntitlements:
    """The entitlements of one user during one request, looked up when first needed and once."""

    def __init__(self, service: EntitlementService, user_id: str) -> None:
        self._service = service
        self._user_id = user_id
        self._entitlements: Entitlements | None = None

    async def get(self) -> Entitlements:
        if self._entitlements is None:
            self._entitlements = await self._service.of(self._user_id)
        return self._entitlements


def _parse(row: EntitlementRow) -> Entitlements:
    groups = {record[0]: GroupOfUser(*record) for record in _records(row.groups)}
    roles = (*_records(row.roles), *_records(row.group_roles))
    definitions = (Definition(*record) for record in _records(row.definitions))
    return Entitlements(
        groups=tuple(groups.values()),  # a group once, from however many sources
        roles=frozenset((client_id, name) for client_id, name in roles),
        attributes=json.loads(row.attributes) if row.attributes else {},
        own_attributes=json.loads(row.own_attributes) if row.own_attributes else {},
        definitions={each.name: each for each in definitions},
        has_verified_email=row.email_key is not None,
    )


def _records(text: str | None) -> Iterator[list[str]]:
    return (record.split(FIELD) for record in text.split(RECORD)) if text else iter(())
