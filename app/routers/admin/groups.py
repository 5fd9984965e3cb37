"""Groups, their members, and their roles."""

import json
from typing import Annotated, Any

from fastapi import Depends, Query, Response

from app.dependencies import AccountsDep
from app.details import Detail
from app.errors import NotFoundError
from app.models.accounts.groups import Group
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody, Members, MergePatch, merged, validated
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import GroupId, UserId
from app.routers.admin.preconditions import IfMatch, etag_of, set_etag
from app.routers.admin.roles import role_resource
from app.routers.admin.routes import CREATED, WITH_ETAG, admin_router, created
from app.schemas.admin.groups import (
    GroupCreate,
    GroupList,
    GroupMember,
    GroupMemberList,
    GroupPatch,
    GroupResource,
)
from app.schemas.admin.roles import RoleList
from app.schemas.admin_scopes import AdminScope
from app.schemas.groups import GroupBody
from app.services.operations.authority import Authority

READS = require(AdminScope.GROUPS_READ)
Writes = Annotated[Authority, require(AdminScope.GROUPS_WRITE)]

router = admin_router("groups", tag="Groups")


@router.get("", dependencies=[READS])
async def list_groups(
    accounts: AccountsDep,
    page: PageDep,
    search: Annotated[str, Query(max_length=128, description="How the name begins.")] = "",
) -> GroupList:
    """List groups by name."""
    rows = await accounts.groups.list_page(search=search, after=page.last, limit=page.size)
    groups, cursor = page.cut(rows, lambda group: group.name_key)
    return GroupList(items=[_resource(group) for group in groups], next_cursor=cursor)


@router.post("", status_code=201, responses=CREATED)
async def create_group(
    authority: Writes,
    body: Annotated[GroupCreate, Depends(JsonBody(GroupCreate))],
    accounts: AccountsDep,
    response: Response,
) -> GroupResource:
    """Create a group."""
    group = await accounts.groups.create(
        validated(GroupBody, body.model_dump()), authority=authority
    )
    created(response, f"groups/{group.group_id}", version=group.version)
    return _resource(group)


@router.get("/{group_id}", dependencies=[READS], responses=WITH_ETAG)
async def read_group(group_id: GroupId, accounts: AccountsDep, response: Response) -> GroupResource:
    """Return a group."""
    group = await accounts.groups.get(group_id)
    set_etag(response, group.version)
    return _resource(group)


@router.patch("/{group_id}", responses=WITH_ETAG)
async def change_group(
    group_id: GroupId,
    authority: Writes,
    precondition: IfMatch,
    patch: Annotated[Members, Depends(MergePatch(GroupPatch))],
    accounts: AccountsDep,
    response: Response,
) -> GroupResource:
    """Change a group. Members that are left out stay as they are."""
    before = await accounts.groups.get(group_id)
    precondition.check(etag_of(before.version))
    group = await accounts.groups.change(
        group_id,
        validated(GroupBody, merged(_stated(before), patch)),
        version=before.version,
        authority=authority,
    )
    set_etag(response, group.version)
    return _resource(group)


@router.delete("/{group_id}", status_code=204)
async def remove_group(
    group_id: GroupId, authority: Writes, precondition: IfMatch, accounts: AccountsDep
) -> None:
    """Delete a group. Its members lose the roles and the access that they have through it."""
    group = await accounts.groups.get(group_id)
    precondition.check(etag_of(group.version))
    await accounts.groups.delete(group_id, version=group.version, authority=authority)


@router.get("/{group_id}/members", dependencies=[READS])
async def list_group_members(
    group_id: GroupId, accounts: AccountsDep, page: PageDep
) -> GroupMemberList:
    """List the members of a group."""
    await accounts.groups.get(group_id)
    rows = await accounts.groups.named_members(group_id, after=page.last, limit=page.size)
    members, cursor = page.cut_by_key(rows, lambda member: member.user_id)
    items = [GroupMember.model_validate(member, from_attributes=True) for member in members]
    return GroupMemberList(items=items, next_cursor=cursor)


@router.put("/{group_id}/members/{user_id}", status_code=204)
async def add_group_member(
    group_id: GroupId, user_id: UserId, authority: Writes, accounts: AccountsDep
) -> None:
    """Make a user a member of a group. Succeeds if they are one already."""
    await accounts.groups.add_member(group_id, user_id, authority=authority)


@router.delete("/{group_id}/members/{user_id}", status_code=204)
async def remove_group_member(
    group_id: GroupId, user_id: UserId, authority: Writes, accounts: AccountsDep
) -> None:
    """Remove a user from a group."""
    if not await accounts.groups.remove_member(group_id, user_id, authority=authority):
        raise NotFoundError(Detail.MEMBERSHIP_UNKNOWN)


@router.get("/{group_id}/roles", dependencies=[READS])
async def list_group_roles(group_id: GroupId, accounts: AccountsDep) -> RoleList:
    """List the roles that the members of a group have through it."""
    await accounts.groups.get(group_id)
    roles = await accounts.role_grants.roles_of_group(group_id)
    return RoleList(items=[role_resource(role) for role in roles], next_cursor=None)


def _resource(group: Group) -> GroupResource:
    return GroupResource(
        group_id=group.group_id,
        name=group.name,
        description=group.description,
        second_factor=group.second_factor,
        attributes=json.loads(group.attributes),
        owner=group.owner,
        created_at=group.created_at,
    )


def _stated(group: Group) -> dict[str, Any]:
    """Return a group as the body that would create it."""
    return {
        "name": group.name,
        "description": group.description,
        "second_factor": group.second_factor,
        "attributes": json.loads(group.attributes),
    }
