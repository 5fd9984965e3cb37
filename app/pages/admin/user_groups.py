"""`/admin/users/{user_id}/groups`: add a user to groups, and remove them."""

from dataclasses import replace

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import changes_router
from app.pages.admin.forms import Field, FormView, Option, form_page, shown_in_form, typed_in
from app.pages.admin.user_forms import PATH, UserRequest, UserRequestDep
from app.pages.support import Errors, redirect, shows_again

changes = changes_router()
routers = (changes,)

MOST_GROUPS = 500
"""How many groups can be selected."""
GROUP = Field("group_id", N_("Group"), kind="select", is_required=True)


async def join_page(request: UserRequest, errors: Errors | None = None) -> Response:
    groups = await request.services.accounts.groups.list_page(limit=MOST_GROUPS)
    options = [Option(group.group_id, group.name, is_data=True) for group in groups]
    field = replace(GROUP.in_language(request.text), options=options)
    form = FormView(
        heading=request.text("Add to a group"),
        object_name=request.subject.username,
        introduction="" if groups else request.text("There is no group yet. Create one first."),
        fields=[field] if groups else (),
        values=typed_in(request, [GROUP]) if request.is_form else {},
        submit=request.text("Add to group") if groups else "",
        cancel_url=request.subject_url,
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{user_id}}/groups")
async def choose_group(request: UserRequestDep) -> Response:
    return await join_page(request)


@changes.post(f"{PATH}/{{user_id}}/groups")
@shows_again(join_page)
async def join_group(request: UserRequestDep) -> Response:
    request.check()
    with shown_in_form(request):
        await request.services.accounts.groups.add_member(
            request.fields.get(GROUP.name, ""), request.subject.user_id, authority=request.authority
        )
    return redirect(f"{request.subject_url}?done=added")


async def leave_page(request: UserRequest, errors: Errors | None = None) -> Response:
    group = await request.services.accounts.groups.get(request.path_parameter("group_id"))
    form = FormView(
        heading=request.text("Remove from this group?"),
        object_name=group.name,
        introduction=request.text(
            "%(name)s loses the roles and the access to apps that the group gives."
        )
        % {"name": request.subject.username},
        fields=(),
        values={},
        submit=request.text("Remove from group"),
        cancel_url=request.subject_url,
        is_danger=True,
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{user_id}}/groups/{{group_id}}")
async def confirm_leaving(request: UserRequestDep) -> Response:
    return await leave_page(request)


@changes.post(f"{PATH}/{{user_id}}/groups/{{group_id}}")
@shows_again(leave_page)
async def leave_group(request: UserRequestDep) -> Response:
    request.check()
    with shown_in_form(request):
        await request.services.accounts.groups.remove_member(
            request.path_parameter("group_id"),
            request.subject.user_id,
            authority=request.authority,
        )
    return redirect(f"{request.subject_url}?done=removed")
