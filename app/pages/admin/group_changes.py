"""`/admin/groups`: create, change and delete a group."""

import json

from starlette.responses import Response

from app.pages.admin.base import (
    NEW,
    ConsoleRequest,
    ConsoleRequestDep,
    changes_router,
    dangerous_router,
)
from app.pages.admin.forms import (
    FormView,
    form_page,
    parse_body,
    require_current,
    shown_in_form,
    typed_in,
)
from app.pages.admin.group_forms import (
    FIELDS,
    PATH,
    GroupRequest,
    GroupRequestDep,
    body_values,
    stored_values,
)
from app.pages.support import Errors, redirect, shows_again
from app.schemas.groups import GroupBody

changes, dangerous = changes_router(), dangerous_router()
routers = (changes, dangerous)


async def new_group_page(request: ConsoleRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Create a group"),
        fields=[field.in_language(request.text) for field in FIELDS],
        values=typed_in(request, FIELDS) if request.is_form else {},
        submit=request.text("Create group"),
        cancel_url=PATH,
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{NEW}")
async def new_group(request: ConsoleRequestDep) -> Response:
    return await new_group_page(request)


@changes.post(f"{PATH}/{NEW}")
@shows_again(new_group_page)
async def create_group(request: ConsoleRequestDep) -> Response:
    request.check(*(field.name for field in FIELDS))
    body = parse_body(request, GroupBody, body_values(typed_in(request, FIELDS)), FIELDS)
    with shown_in_form(request, FIELDS):
        group = await request.services.accounts.groups.create(body, authority=request.authority)
    return redirect(f"{PATH}/{group.group_id}?done=created")


async def edit_page(request: GroupRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Edit group"),
        fields=[field.in_language(request.text) for field in FIELDS],
        values=typed_in(request, FIELDS) if request.is_form else stored_values(request.group),
        submit=request.text("Save"),
        cancel_url=request.group_url,
        version=str(request.group.version),
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{group_id}}/edit")
async def edit_group(request: GroupRequestDep) -> Response:
    return await edit_page(request)


@changes.post(f"{PATH}/{{group_id}}/edit")
@shows_again(edit_page)
async def save_group(request: GroupRequestDep) -> Response:
    request.check(*(field.name for field in FIELDS))
    group, typed = request.group, typed_in(request, FIELDS)
    require_current(request, group.version, typed=typed, stored=stored_values(group))
    values = {**body_values(typed), "attributes": json.loads(group.attributes)}
    body = parse_body(request, GroupBody, values, FIELDS)
    with shown_in_form(request, FIELDS):
        await request.services.accounts.groups.change(
            group.group_id, body, version=group.version, authority=request.authority
        )
    return redirect(f"{request.group_url}?done=saved")


async def delete_page(request: GroupRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Delete this group?"),
        object_name=request.group.name,
        introduction=request.text(
            "Its members lose the roles and the access to apps that they have through it. Their "
            "accounts stay."
        ),
        fields=(),
        values={},
        submit=request.text("Delete group"),
        cancel_url=request.group_url,
        version=str(request.group.version),
        is_danger=True,
    )
    return form_page(request, form, errors)


@dangerous.get(f"{PATH}/{{group_id}}/delete")
async def confirm_deletion(request: GroupRequestDep) -> Response:
    return await delete_page(request)


@dangerous.post(f"{PATH}/{{group_id}}/delete")
@shows_again(delete_page)
async def delete_group(request: GroupRequestDep) -> Response:
    request.check()
    require_current(request, request.group.version)
    with shown_in_form(request):
        await request.services.accounts.groups.delete(
            request.group.group_id, version=request.group.version, authority=request.authority
        )
    return redirect(f"{PATH}?done=deleted")
