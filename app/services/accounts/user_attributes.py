"""Values of the attributes of a user, set by administrators or by the user."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.details import Detail
from app.errors import ConflictError, ForbiddenError
from app.models.accounts.attributes import UserAttributes
from app.repositories.accounts.attributes import AttributeRepository
from app.schemas.admin_scopes import AdminScope
from app.services.accounts.attributes import AttributeService
from app.services.accounts.events import AccountEvent
from app.services.operations.audit import AuditLog
from app.services.operations.authority import Authority

Values = Mapping[str, Any]
"""Values by name; None removes the value."""


class UserAttributeService:
    """Values of users. Those that a user sets are stored apart: nobody vouches for them."""

    def __init__(
        self,
        *,
        attribute_repository: AttributeRepository,
        attributes: AttributeService,
        audit: AuditLog,
    ) -> None:
        self._attribute_repository = attribute_repository
        self._attributes = attributes
        self._audit = audit

    async def of(self, user_id: str) -> Values:
        """Return the values of a user.

        Those that the user set count only while users may edit the attribute.
        """
        return await self._in_force(await self._attribute_repository.find_of_user(user_id))

    async def set(self, user_id: str, changes: Values, *, authority: Authority) -> Values:
        """Set values as an administrator; the user's own values of the same names are removed."""
        authority.require(AdminScope.USERS_WRITE)
        before = await self._attribute_repository.find_of_user(user_id)
        own = {
            name: value
            for name, value in json.loads(before.own_attributes).items()
            if name not in changes
        }
        vouched = _merged(json.loads(before.attributes), changes)
        after = replace(before, attributes=stored_text(vouched), own_attributes=stored_text(own))
        return await self._store(before, after, changes, is_full=authority.is_full)

    async def set_own(self, user_id: str, changes: Values) -> Values:
        """Set values as the user, who may edit only some attributes."""
        definitions = await self._attributes.by_name()
        for name in changes:
            if name not in definitions or not definitions[name].is_editable_by_users:
                raise ForbiddenError(Detail.ATTRIBUTE_NOT_EDITABLE, field=f"attributes.{name}")
        before = await self._attribute_repository.find_of_user(user_id)
        own = _merged(json.loads(before.own_attributes), changes)
        after = replace(before, own_attributes=stored_text(own))
        return await self._store(before, after, changes, is_full=True)

    async def _store(
        self, before: UserAttributes, after: UserAttributes, changes: Values, *, is_full: bool
    ) -> Values:
        stated = {name: value for name, value in changes.items() if value is not None}
        await self._attributes.check(stated, of="users")
        if after == before:
            return await self._in_force(before)
        event = self._audit.event(
            AccountEvent.ATTRIBUTES_CHANGED,
            user_id=before.user_id,
            before=_named(before, changes),
            after=_named(after, changes),
        )
        if not await self._attribute_repository.replace_of_user(
            before, after, is_full=is_full, event=event
        ):
            raise ConflictError(Detail.ATTRIBUTES_CHANGED)
        return await self._in_force(after)

    async def _in_force(self, stored: UserAttributes) -> Values:
        own = json.loads(stored.own_attributes)
        definitions = await self._attributes.by_name() if own else {}
        counted = {
            name: value
            for name, value in own.items()
            if name in definitions and definitions[name].is_editable_by_users
        }
        return {**json.loads(stored.attributes), **counted}


def _all(stored: UserAttributes) -> Values:
    values: dict[str, Any] = json.loads(stored.attributes)
    return {**values, **json.loads(stored.own_attributes)}


def _named(stored: UserAttributes, changes: Values) -> Values:
    """Return the values that a change is about, for the audit log."""
    values = _all(stored)
    return {name: values.get(name) for name in changes}


def _merged(values: Values, changes: Values) -> Values:
    merged = {**values, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def stored_text(values: Values) -> str:
    """Return values as they are stored."""
    return json.dumps(dict(values), sort_keys=True)
