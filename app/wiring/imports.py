"""Import and export of users."""

from dataclasses import dataclass

from app.repositories.accounts.group_members import GroupMemberRepository
from app.repositories.accounts.imports import UserImportRepository
from app.services.accounts.exports import UserExport
from app.services.accounts.imports.rows import ImportedRows
from app.services.accounts.imports.users import UserImport
from app.wiring.core import Core
from app.wiring.factors import Factors
from app.wiring.groups import Groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Imports:
    users: UserImport
    user_export: UserExport


def build_imports(core: Core, *, factors: Factors, groups: Groups) -> Imports:
    users = UserImport(
        user_import_repository=UserImportRepository(core.database),
        group_repository=groups.group_repository,
        rows=ImportedRows(otp=factors.otp, audit=core.audit, clock=core.clock),
        audit=core.audit,
    )
    return Imports(
        users=users,
        user_export=UserExport(
            user_repository=core.user_repository,
            group_member_repository=GroupMemberRepository(core.database),
            audit=core.audit,
        ),
    )
