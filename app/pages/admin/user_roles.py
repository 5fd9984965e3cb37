"""`/admin/users/{user_id}/roles`: grant roles to a user, and take them away."""

from app.pages.admin.role_grant_forms import role_grant_routers
from app.pages.admin.user_forms import PATH, UserRequest, get_user_request


async def _grant(request: UserRequest, role_id: str) -> bool:
    return await request.services.accounts.role_grants.grant_to_user(
        role_id, request.subject.user_id, authority=request.authority
    )


async def _revoke(request: UserRequest, role_id: str) -> bool:
    return await request.services.accounts.role_grants.revoke_from_user(
        role_id, request.subject.user_id, authority=request.authority
    )


routers = role_grant_routers(f"{PATH}/{{user_id}}", get_user_request, grant=_grant, revoke=_revoke)
