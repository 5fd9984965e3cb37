"""Nobody gives more than they hold by importing users, or sees more by exporting them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.errors import ConflictError, ForbiddenError, FullAdministratorRequiredError
from app.models.accounts.roles import ADMINISTRATOR, RESERVED_ROLES
from app.schemas.admin_scopes import AdminScope
from app.services.accounts.imports.candidates import Source, candidate_of
from app.services.operations.authority import FULL, OF_AUDITOR, Authority, authority_of
from tests.support.administration import define, new_group, new_role
from tests.support.application import Application
from tests.support.flask_server import FlaskServerFile
from tests.support.parts import services_of

pytestmark = pytest.mark.both_databases

USERS = authority_of([AdminScope.USERS_WRITE])
USERS_AND_ROLES = authority_of([AdminScope.USERS_WRITE, AdminScope.ROLES_WRITE])
USERS_AND_GROUPS = authority_of([AdminScope.USERS_WRITE, AdminScope.GROUPS_WRITE])


def new_attribute_name(app: Application) -> str:
    return app.new_name("floor").replace("-", "_").lower()


def source_of(**values: Any) -> Source:
    return lambda: iter([candidate_of("line 1", values)])


async def import_user(app: Application, authority: Authority, **values: Any) -> None:
    imports, source = services_of(app).accounts.imports, source_of(**values)
    await imports.users.check(source, lambda _: None, authority=authority)
    await imports.users.store(source, candidates=1, skips_invalid=False, authority=authority)


async def exported(app: Application, authority: Authority, *, with_hashes: bool) -> Sequence[Any]:
    export = services_of(app).accounts.imports.user_export
    return [page async for page in export.pages(with_hashes=with_hashes, authority=authority)]


async def exists(app: Application, username: str) -> bool:
    key = username.lower()
    return await services_of(app).core.user_repository.find_by_key(key) is not None


async def test_users_write_alone_imports_no_member_of_a_group(app: Application) -> None:
    """SECURITY_BAR row 51"""
    group, name = await new_group(app), app.new_name()

    with pytest.raises(ForbiddenError):
        await import_user(app, USERS, username=name, groups=[group.name])
    assert not await exists(app, name)

    await import_user(app, USERS_AND_GROUPS, username=name, groups=[group.name])
    assert await exists(app, name)


async def test_users_write_alone_imports_no_holder_of_a_role(app: Application) -> None:
    """SECURITY_BAR row 51"""
    role, name = await new_role(app), app.new_name()

    with pytest.raises(ForbiddenError):
        await import_user(app, USERS, username=name, roles=[role.name])
    assert not await exists(app, name)

    await import_user(app, USERS_AND_ROLES, username=name, roles=[role.name])
    assert await exists(app, name)


@pytest.mark.parametrize("role", RESERVED_ROLES)
async def test_no_import_grants_a_reserved_role(app: Application, role: str) -> None:
    """SECURITY_BAR row 51"""
    name, problems = app.new_name(), list[str]()
    users = services_of(app).accounts.imports.users
    source = source_of(username=name, roles=[role])

    await users.check(source, lambda problem: problems.append(problem.message), authority=FULL)
    with pytest.raises(ConflictError):
        await users.store(source, candidates=1, skips_invalid=False, authority=FULL)

    assert problems == ["roles: administrator and auditor are granted by postern admin only"]
    assert not await exists(app, name)


async def test_what_a_user_said_is_not_vouched_for_after_an_import(app: Application) -> None:
    """A value that the user set counts only while users may edit the attribute"""
    name, attribute = app.new_name(), new_attribute_name(app)
    await define(app, attribute, "string", editable_by="administrator")
    problems = list[str]()
    source = source_of(username=name, own_attributes={attribute: "root"})

    await services_of(app).accounts.imports.users.check(
        source, lambda problem: problems.append(problem.message), authority=FULL
    )

    assert problems == [f"own_attributes.{attribute}: users cannot edit this attribute"]


async def test_only_an_administrator_imports_administrators(app: Application) -> None:
    """SECURITY_BAR row 51"""
    group, names = await new_group(app), [app.new_name(), app.new_name()]
    grants = services_of(app).accounts.role_grants
    await grants.grant_to_group(ADMINISTRATOR, group.group_id, authority=FULL)

    with pytest.raises(FullAdministratorRequiredError):
        await import_user(app, USERS_AND_GROUPS, username=names[0], groups=[group.name])
    await import_user(app, FULL, username=names[1], groups=[group.name])

    assert [await exists(app, name) for name in names] == [False, True]


async def test_users_write_alone_imports_no_client(app: Application, tmp_path: Path) -> None:
    file = FlaskServerFile(tmp_path / "db.sqlite")
    file.add_client(app.new_name(), "s" * 48)

    with pytest.raises(ForbiddenError):
        await services_of(app).accounts.imports.flask.run(
            file.path, lambda _: None, only_checks=False, skips_invalid=False, authority=USERS
        )


async def test_an_auditor_exports_users_but_not_their_hashes(app: Application) -> None:
    """SECURITY_BAR row 55"""
    await app.register()

    assert await exported(app, OF_AUDITOR, with_hashes=False)
    with pytest.raises(FullAdministratorRequiredError):
        await exported(app, OF_AUDITOR, with_hashes=True)
    with pytest.raises(ForbiddenError):
        await exported(app, USERS, with_hashes=False)
