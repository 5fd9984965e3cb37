"""`/admin/users/{user_id}/roles`: grant roles to a user, and take them away."""

from starlette.responses import Response

from app.pages.admin.base import dangerous_router
from app.pages.admin.forms import form_page, shown_in_form
from app.pages.admin.role_views import ROLE, grant_form, revoke_form
from app.pages.admin.user_forms import PATH, UserRequest, UserRequestDep
from app.pages.support import Errors, redirect, shows_again

dangerous = dangerous_router()
routers = (dangerous,)


async def grant_page(request: UserRequest, errors: Errors | None = None) -> Response:
    form = await grant_form(request, of=request.subject.username, cancel_url=request.subject_url)
    return form_page(request, form, errors)


@dangerous.get(f"{PATH}/{{user_id}}/roles")
async def choose_role(request: UserRequestDep) -> Response:
    return await grant_page(request)


@dangerous.post(f"{PATH}/{{user_id}}/roles")
@shows_again(grant_page)
async def grant_role(request: UserRequestDep) -> Response:
    request.check()
    with shown_in_form(request):
        await request.services.accounts.role_grants.grant_to_user(
            request.fields.get(ROLE.name, ""), request.subject.user_id, authority=request.authority
        )
    return redirect(f"{request.subject_url}?done=added")


async def revoke_page(request: UserRequest, errors: Errors | None = None) -> Response:
    form = await revoke_form(request, of=request.subject.username, cancel_url=request.subject_url)
    return form_page(request, form, errors)


@dangerous.get(f"{PATH}/{{user_id}}/roles/{{role_id}}")
async def confirm_revocation(request: UserRequestDep) -> Response:
    return await revoke_page(request)


@dangerous.post(f"{PATH}/{{user_id}}/roles/{{role_id}}")
@shows_again(revoke_page)
async def revoke_role(request: UserRequestDep) -> Response:
    request.check()
    with shown_in_form(request):
        await request.services.accounts.role_grants.revoke_from_user(
            request.path_parameter("role_id"),
            request.subject.user_id,
            authority=request.authority,
        )
    return redirect(f"{request.subject_url}?done=removed")
