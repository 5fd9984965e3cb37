"""`/admin/groups/{group_id}/roles`: grant roles to a group, and take them away."""

from starlette.responses import Response

from app.pages.admin.base import dangerous_router
from app.pages.admin.forms import form_page, shown_in_form
from app.pages.admin.group_forms import PATH, GroupRequest, GroupRequestDep
from app.pages.admin.role_views import ROLE, grant_form, revoke_form
from app.pages.support import Errors, redirect, shows_again

dangerous = dangerous_router()
routers = (dangerous,)


async def grant_page(request: GroupRequest, errors: Errors | None = None) -> Response:
    form = await grant_form(request, of=request.group.name, cancel_url=request.url)
    return form_page(request, form, errors)


@dangerous.get(f"{PATH}/{{group_id}}/roles")
async def choose_role(request: GroupRequestDep) -> Response:
    return await grant_page(request)


@dangerous.post(f"{PATH}/{{group_id}}/roles")
@shows_again(grant_page)
async def grant_role(request: GroupRequestDep) -> Response:
    request.check()
    with shown_in_form(request):
        await request.services.accounts.role_grants.grant_to_group(
            request.fields.get(ROLE.name, ""), request.group.group_id, authority=request.authority
        )
    return redirect(f"{request.url}?done=added")


async def revoke_page(request: GroupRequest, errors: Errors | None = None) -> Response:
    form = await revoke_form(request, of=request.group.name, cancel_url=request.url)
    return form_page(request, form, errors)


@dangerous.get(f"{PATH}/{{group_id}}/roles/{{role_id}}")
async def confirm_revocation(request: GroupRequestDep) -> Response:
    return await revoke_page(request)


@dangerous.post(f"{PATH}/{{group_id}}/roles/{{role_id}}")
@shows_again(revoke_page)
async def revoke_role(request: GroupRequestDep) -> Response:
    request.check()
    with shown_in_form(request):
        await request.services.accounts.role_grants.revoke_from_group(
            request.path_parameter("role_id"),
            request.group.group_id,
            authority=request.authority,
        )
    return redirect(f"{request.url}?done=removed")
