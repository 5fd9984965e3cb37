"""Import and export of users, and import from the original Flask server."""

from dataclasses import dataclass
from functools import partial

from app.repositories.accounts.group_members import GroupMemberRepository
from app.repositories.accounts.imports import UserImportRepository
from app.repositories.clients.imports import ClientImportRepository
from app.services.accounts.exports import UserExport
from app.services.accounts.imports.flask import FlaskImport
from app.services.accounts.imports.references import ReferenceChecks
from app.services.accounts.imports.rows import ImportedRows
from app.services.accounts.imports.users import UserImport
from app.services.clients.imports import ClientImport
from app.wiring.clients import Clients
from app.wiring.core import Core
from app.wiring.factors import Factors
from app.wiring.groups import Groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Imports:
    users: UserImport
    user_export: UserExport
    flask: FlaskImport


def build_imports(core: Core, *, factors: Factors, clients: Clients, groups: Groups) -> Imports:
    users = UserImport(
        user_import_repository=UserImportRepository(core.database),
        new_reference_checks=partial(
            ReferenceChecks,
            group_repository=groups.group_repository,
            role_repository=groups.role_repository,
            attribute_repository=groups.attribute_repository,
        ),
        rows=ImportedRows(otp=factors.otp, audit=core.audit, clock=core.clock),
        audit=core.audit,
    )
    client_import = ClientImport(
        client_repository=core.client_repository,
        client_import_repository=ClientImportRepository(core.database),
        audit=core.audit,
        clock=core.clock,
        check_metadata=clients.registration.check_imported,
    )
    return Imports(
        users=users,
        user_export=UserExport(
            user_repository=core.user_repository,
            group_member_repository=GroupMemberRepository(core.database),
            role_grant_repository=groups.role_grant_repository,
            attribute_repository=groups.attribute_repository,
            audit=core.audit,
        ),
        flask=FlaskImport(user_import=users, client_import=client_import),
    )
