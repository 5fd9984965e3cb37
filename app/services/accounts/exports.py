"""Export of users for other systems. A TOTP secret is never part of it."""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from app.models.accounts.attributes import AttributeDefinition, UserAttributes
from app.models.accounts.users import User
from app.repositories.accounts.attributes import AttributeRepository
from app.repositories.accounts.group_members import GroupMemberRepository
from app.repositories.accounts.role_grants import RoleGrantRepository
from app.repositories.accounts.users import UserRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.groups import RoleReference
from app.schemas.imported_users import (
    ATTRIBUTES_COLUMN,
    EXPORTED_COLUMNS,
    GROUPS_COLUMN,
    HASH_COLUMN,
    OWN_ATTRIBUTES_COLUMN,
    ROLES_COLUMN,
    names_in_cell,
)
from app.security.passwords import has_password
from app.services.accounts.attributes import wrong_values
from app.services.accounts.csv_cells import defused
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

Row = Mapping[str, Any]
Definitions = Mapping[str, AttributeDefinition]


class UserExport:
    def __init__(
        self,
        *,
        user_repository: UserRepository,
        group_member_repository: GroupMemberRepository,
        role_grant_repository: RoleGrantRepository,
        attribute_repository: AttributeRepository,
        audit: AuditLog,
    ) -> None:
        self._user_repository = user_repository
        self._group_member_repository = group_member_repository
        self._role_grant_repository = role_grant_repository
        self._attribute_repository = attribute_repository
        self._audit = audit

    async def pages(
        self, *, with_hashes: bool, authority: Authority
    ) -> AsyncIterator[Sequence[Row]]:
        """Yield all users, page by page, in the order of their names.

        A column without a value is missing from the row of a user. Hashes require the authority of
        a full administrator. Reserved roles are left out: no import grants them.
        """
        authority.require(AdminScope.USERS_READ)
        if with_hashes:
            authority.require_full()
        await self._audit.record(ServerEvent.USERS_EXPORTED, with_hashes=with_hashes)
        definitions = {each.name: each for each in await self._attribute_repository.list_all()}
        after = ""
        while page := await self._user_repository.list_page(after=after):
            rows = {user.user_id: _row_of(user) for user in page}
            await self._add_references(rows, definitions)
            if with_hashes:
                for user in page:
                    rows[user.user_id] |= _hash_of(user)
            yield list(rows.values())
            after = page[-1].username_key

    async def _add_references(
        self, rows: Mapping[str, dict[str, Any]], definitions: Definitions
    ) -> None:
        """Add to the rows of users, by id, their groups, roles and attributes."""
        user_ids = list(rows)
        for user_id, name in await self._group_member_repository.list_manual(user_ids):
            rows[user_id].setdefault(GROUPS_COLUMN, []).append(name)
        for user_id, role in await self._role_grant_repository.list_of_users(user_ids):
            if not role.is_reserved:
                reference = RoleReference(name=role.name, client_id=role.client_id)
                rows[user_id].setdefault(ROLES_COLUMN, []).append(reference.stated)
        for stored in await self._attribute_repository.list_of_users(user_ids):
            rows[stored.user_id] |= _attributes_in(stored, definitions)


def json_lines(rows: Sequence[Row]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def csv_header(*, with_hashes: bool) -> str:
    return _csv([columns_of(with_hashes=with_hashes)])


def csv_lines(rows: Sequence[Row], *, with_hashes: bool) -> str:
    columns = columns_of(with_hashes=with_hashes)
    return _csv([[_cell(row.get(column)) for column in columns] for row in rows])


def columns_of(*, with_hashes: bool) -> Sequence[str]:
    return (*EXPORTED_COLUMNS, HASH_COLUMN) if with_hashes else EXPORTED_COLUMNS


def _row_of(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "user_id": user.user_id,
        **user.claim_values,
        "disabled": user.is_disabled,
        "created_at": user.created_at.isoformat(timespec="seconds"),
    }


def _hash_of(user: User) -> Row:
    return {HASH_COLUMN: user.password_hash} if has_password(user.password_hash) else {}


def _attributes_in(stored: UserAttributes, definitions: Definitions) -> Row:
    """Return the values that an import accepts, those of administrators and of the user apart.

    Without those whose definition was deleted, or that users may no longer edit.
    """
    own_definitions = {
        name: each for name, each in definitions.items() if each.is_editable_by_users
    }
    columns = {
        ATTRIBUTES_COLUMN: _defined(json.loads(stored.attributes), definitions),
        OWN_ATTRIBUTES_COLUMN: _defined(json.loads(stored.own_attributes), own_definitions),
    }
    return {column: values for column, values in columns.items() if values}


def _defined(values: Mapping[str, Any], definitions: Definitions) -> Row:
    wrong = {name for name, _ in wrong_values(values, definitions, of="users")}
    return {name: value for name, value in values.items() if name not in wrong}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return defused(value)
    if isinstance(value, list):
        return defused(names_in_cell(value))
    return json.dumps(value, ensure_ascii=False)  # true, false, or an object


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
