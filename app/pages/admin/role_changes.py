"""`/admin/roles`: create, change and delete a role."""

from starlette.responses import Response

from app.errors import NotFoundError
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
from app.pages.admin.role_forms import (
    CLIENT,
    FIELDS,
    NEW_FIELDS,
    PATH,
    RoleRequest,
    RoleRequestDep,
    stored_values,
)
from app.pages.support import Errors, ShowAgainError, redirect, shows_again
from app.schemas.groups import RoleBody

changes, dangerous = changes_router(), dangerous_router()
routers = (changes, dangerous)


async def new_role_page(request: ConsoleRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Create a role"),
        fields=[field.in_language(request.text) for field in NEW_FIELDS],
        values=typed_in(request, NEW_FIELDS) if request.is_form else {},
        submit=request.text("Create role"),
        cancel_url=PATH,
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{NEW}")
async def new_role(request: ConsoleRequestDep) -> Response:
    return await new_role_page(request)


@changes.post(f"{PATH}/{NEW}")
@shows_again(new_role_page)
async def create_role(request: ConsoleRequestDep) -> Response:
    request.check(*(field.name for field in NEW_FIELDS))
    body = parse_body(request, RoleBody, typed_in(request, NEW_FIELDS), NEW_FIELDS)
    try:
        with shown_in_form(request, NEW_FIELDS):
            role = await request.services.accounts.roles.create(body, authority=request.authority)
    except NotFoundError:
        raise ShowAgainError({CLIENT.name: request.text(CLIENT.wrong)}) from None
    return redirect(f"{PATH}/{role.role_id}?done=created")


async def edit_page(request: RoleRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Edit role"),
        fields=[field.in_language(request.text) for field in FIELDS],
        values=typed_in(request, FIELDS) if request.is_form else stored_values(request.role),
        submit=request.text("Save"),
        cancel_url=request.role_url,
        version=str(request.role.version),
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{role_id}}/edit")
async def edit_role(request: RoleRequestDep) -> Response:
    return await edit_page(request)


@changes.post(f"{PATH}/{{role_id}}/edit")
@shows_again(edit_page)
async def save_role(request: RoleRequestDep) -> Response:
    request.check(*(field.name for field in FIELDS))
    role, typed = request.role, typed_in(request, FIELDS)
    require_current(request, role.version, typed=typed, stored=stored_values(role))
    body = parse_body(request, RoleBody, {**typed, "client_id": role.client_id}, FIELDS)
    with shown_in_form(request, FIELDS):
        await request.services.accounts.roles.change(
            role.role_id, body, version=role.version, authority=request.authority
        )
    return redirect(f"{request.role_url}?done=saved")


async def delete_page(request: RoleRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Delete this role?"),
        object_name=request.role.name,
        introduction=request.text("It is taken away from all users and groups that have it."),
        fields=(),
        values={},
        submit=request.text("Delete role"),
        cancel_url=request.role_url,
        version=str(request.role.version),
        is_danger=True,
    )
    return form_page(request, form, errors)


@dangerous.get(f"{PATH}/{{role_id}}/delete")
async def confirm_deletion(request: RoleRequestDep) -> Response:
    return await delete_page(request)


@dangerous.post(f"{PATH}/{{role_id}}/delete")
@shows_again(delete_page)
async def delete_role(request: RoleRequestDep) -> Response:
    request.check()
    require_current(request, request.role.version)
    with shown_in_form(request):
        await request.services.accounts.roles.delete(
            request.role.role_id, version=request.role.version, authority=request.authority
        )
    return redirect(f"{PATH}?done=deleted")
