"""Roles, and the users and groups that have them."""

from typing import Annotated

from fastapi import Depends, Response

from app.dependencies import AccountsDep
from app.details import Detail
from app.errors import NotFoundError
from app.models.accounts.roles import Role
from app.repositories.accounts.role_grants import NamedGrant
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody, Members, MergePatch, merged, validated
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import GroupId, RoleId, UserId
from app.routers.admin.preconditions import IfMatch, etag_of, set_etag
from app.routers.admin.routes import CREATED, WITH_ETAG, admin_router, created, documented
from app.schemas.admin.roles import (
    RoleCreate,
    RoleGrantList,
    RoleGrantResource,
    RoleList,
    RolePatch,
    RoleResource,
)
from app.schemas.admin_scopes import AdminScope
from app.schemas.groups import RoleBody
from app.services.operations.authority import Authority

READS = require(AdminScope.ROLES_READ)
Writes = Annotated[Authority, require(AdminScope.ROLES_WRITE)]

router = admin_router("roles", tag="Roles")


@router.get("", dependencies=[READS])
async def list_roles(accounts: AccountsDep, page: PageDep) -> RoleList:
    """List roles by client and name, the global ones first."""
    client_id, name = page.after or ("", "")
    rows = await accounts.roles.list_page(after_client=client_id, after_name=name, limit=page.size)
    roles, cursor = page.cut(rows, lambda role: (role.client_id, role.name))
    return RoleList(items=[role_resource(role) for role in roles], next_cursor=cursor)


@router.post("", status_code=201, responses=CREATED | documented({404: "There is no such client."}))
async def create_role(
    authority: Writes,
    body: Annotated[RoleCreate, Depends(JsonBody(RoleCreate))],
    accounts: AccountsDep,
    response: Response,
) -> RoleResource:
    """Create a role, for all clients or for one."""
    stated = RoleBody(name=body.name, client_id=body.client_id or "", description=body.description)
    role = await accounts.roles.create(stated, authority=authority)
    created(response, f"roles/{role.role_id}", version=role.version)
    return role_resource(role)


@router.get("/{role_id}", dependencies=[READS], responses=WITH_ETAG)
async def read_role(role_id: RoleId, accounts: AccountsDep, response: Response) -> RoleResource:
    """Return a role."""
    role = await accounts.roles.get(role_id)
    set_etag(response, role.version)
    return role_resource(role)


@router.patch("/{role_id}", responses=WITH_ETAG)
async def change_role(
    role_id: RoleId,
    authority: Writes,
    precondition: IfMatch,
    patch: Annotated[Members, Depends(MergePatch(RolePatch))],
    accounts: AccountsDep,
    response: Response,
) -> RoleResource:
    """Rename or describe a role. Members that are left out stay as they are."""
    before = await accounts.roles.get(role_id)
    precondition.check(etag_of(before.version))
    stated = {"name": before.name, "client_id": before.client_id, "description": before.description}
    role = await accounts.roles.change(
        role_id,
        validated(RoleBody, merged(stated, patch)),
        version=before.version,
        authority=authority,
    )
    set_etag(response, role.version)
    return role_resource(role)


@router.delete("/{role_id}", status_code=204)
async def remove_role(
    role_id: RoleId, authority: Writes, precondition: IfMatch, accounts: AccountsDep
) -> None:
    """Delete a role. All users and groups lose it."""
    role = await accounts.roles.get(role_id)
    precondition.check(etag_of(role.version))
    await accounts.roles.delete(role_id, version=role.version, authority=authority)


@router.get("/{role_id}/grants", dependencies=[READS])
async def list_role_grants(role_id: RoleId, accounts: AccountsDep, page: PageDep) -> RoleGrantList:
    """List the users and groups that have a role, the groups first."""
    await accounts.roles.get(role_id)
    rows = await accounts.role_grants.list_named(role_id, after=page.last, limit=page.size)
    grants, cursor = page.cut(rows, lambda grant: grant.subject)
    return RoleGrantList(items=[_grant_resource(grant) for grant in grants], next_cursor=cursor)


@router.put("/{role_id}/users/{user_id}", status_code=204)
async def grant_role_to_user(
    role_id: RoleId, user_id: UserId, authority: Writes, accounts: AccountsDep
) -> None:
    """Grant a role to a user. Succeeds if they have it already."""
    await accounts.role_grants.grant_to_user(role_id, user_id, authority=authority)


@router.delete("/{role_id}/users/{user_id}", status_code=204)
async def revoke_role_from_user(
    role_id: RoleId, user_id: UserId, authority: Writes, accounts: AccountsDep
) -> None:
    """Take a role away from a user."""
    if not await accounts.role_grants.revoke_from_user(role_id, user_id, authority=authority):
        raise NotFoundError(Detail.ROLE_GRANT_UNKNOWN)


@router.put("/{role_id}/groups/{group_id}", status_code=204)
async def grant_role_to_group(
    role_id: RoleId, group_id: GroupId, authority: Writes, accounts: AccountsDep
) -> None:
    """Grant a role to all members of a group. Succeeds if the group has it already."""
    await accounts.role_grants.grant_to_group(role_id, group_id, authority=authority)


@router.delete("/{role_id}/groups/{group_id}", status_code=204)
async def revoke_role_from_group(
    role_id: RoleId, group_id: GroupId, authority: Writes, accounts: AccountsDep
) -> None:
    """Take a role away from a group."""
    if not await accounts.role_grants.revoke_from_group(role_id, group_id, authority=authority):
        raise NotFoundError(Detail.ROLE_GRANT_UNKNOWN)


def _grant_resource(grant: NamedGrant) -> RoleGrantResource:
    kind, _, subject_id = grant.subject.partition(":")
    return RoleGrantResource(
        kind="group" if kind == "group" else "user",
        id=subject_id,
        name=grant.name,
        granted_at=grant.granted_at,
    )


def role_resource(role: Role) -> RoleResource:
    return RoleResource(
        role_id=role.role_id,
        name=role.name,
        client_id=role.client_id or None,
        description=role.description,
        owner=role.owner,
        created_at=role.created_at,
    )
