"""`/admin/groups/{group_id}/roles`: grant roles to a group, and take them away."""

from app.pages.admin.group_forms import PATH, GroupRequest, get_group_request
from app.pages.admin.role_grant_forms import role_grant_routers


async def _grant(request: GroupRequest, role_id: str) -> bool:
    return await request.services.accounts.role_grants.grant_to_group(
        role_id, request.group.group_id, authority=request.authority
    )


async def _revoke(request: GroupRequest, role_id: str) -> bool:
    return await request.services.accounts.role_grants.revoke_from_group(
        role_id, request.group.group_id, authority=request.authority
    )


routers = role_grant_routers(
    f"{PATH}/{{group_id}}", get_group_request, grant=_grant, revoke=_revoke
)
