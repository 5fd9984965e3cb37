"""Export of users for other systems. A TOTP secret is never part of it."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from app.models.accounts.users import User
from app.repositories.accounts.group_members import GroupMemberRepository
from app.repositories.accounts.users import UserRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.imported_users import (
    EXPORTED_COLUMNS,
    GROUPS_COLUMN,
    HASH_COLUMN,
    names_in_cell,
)
from app.security.passwords import has_password
from app.services.accounts.csv_cells import defused
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

Row = Mapping[str, Any]


class UserExport:
    def __init__(
        self,
        *,
        user_repository: UserRepository,
        group_member_repository: GroupMemberRepository,
        audit: AuditLog,
    ) -> None:
        self._user_repository = user_repository
        self._group_member_repository = group_member_repository
        self._audit = audit

    async def pages(
        self, *, with_hashes: bool, authority: Authority
    ) -> AsyncIterator[Sequence[Row]]:
        """Yield all users, page by page, in the order of their names.

        A column without a value is missing from the row of a user. Hashes require the authority of
        a full administrator.
        """
        authority.require(AdminScope.USERS_READ)
        if with_hashes:
            authority.require_full()
        await self._audit.record(ServerEvent.USERS_EXPORTED, with_hashes=with_hashes)
        after = ""
        while page := await self._user_repository.list_page(after=after):
            groups: dict[str, list[str]] = defaultdict(list)
            user_ids = [user.user_id for user in page]
            for user_id, name in await self._group_member_repository.list_manual(user_ids):
                groups[user_id].append(name)
            yield [_row_of(user, groups[user.user_id], with_hash=with_hashes) for user in page]
            after = page[-1].username_key


def json_lines(rows: Sequence[Row]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def csv_header(*, with_hashes: bool) -> str:
    return _csv([columns_of(with_hashes=with_hashes)])


def csv_lines(rows: Sequence[Row], *, with_hashes: bool) -> str:
    columns = columns_of(with_hashes=with_hashes)
    return _csv([[_cell(row.get(column)) for column in columns] for row in rows])


def columns_of(*, with_hashes: bool) -> Sequence[str]:
    return (*EXPORTED_COLUMNS, HASH_COLUMN) if with_hashes else EXPORTED_COLUMNS


def _row_of(user: User, groups: Sequence[str], *, with_hash: bool) -> Row:
    row = {
        "username": user.username,
        "user_id": user.user_id,
        **user.claim_values,
        "disabled": user.is_disabled,
        "created_at": user.created_at.isoformat(timespec="seconds"),
    }
    if groups:
        row[GROUPS_COLUMN] = groups
    if with_hash and has_password(user.password_hash):
        row[HASH_COLUMN] = user.password_hash
    return row


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
