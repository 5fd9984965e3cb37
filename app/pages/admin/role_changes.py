"""`/admin/roles`: create, change and delete a role."""

from collections.abc import Mapping

from starlette.responses import Response

from app.errors import NotFoundError
from app.i18n.messages import N_
from app.pages.admin.base import NEW, ConsoleRequest, get_console_request
from app.pages.admin.forms import parse_body
from app.pages.admin.object_forms import ActTexts, ObjectForm, delete_form, form_routers
from app.pages.admin.role_forms import (
    CLIENT,
    FIELDS,
    NEW_FIELDS,
    PATH,
    RoleRequest,
    get_role_request,
    stored_values,
)
from app.pages.support import ShowAgainError, redirect
from app.schemas.groups import RoleBody


async def _create(request: ConsoleRequest, typed: Mapping[str, str]) -> Response:
    body = parse_body(request, RoleBody, typed, NEW_FIELDS)
    try:
        role = await request.services.accounts.roles.create(body, authority=request.authority)
    except NotFoundError:
        raise ShowAgainError({CLIENT.name: request.text(CLIENT.wrong)}) from None
    return redirect(f"{PATH}/{role.role_id}?done=created")


async def _save(request: RoleRequest, typed: Mapping[str, str]) -> Response:
    role = request.role
    body = parse_body(request, RoleBody, {**typed, "client_id": role.client_id}, FIELDS)
    await request.services.accounts.roles.change(
        role.role_id, body, version=role.version, authority=request.authority
    )
    return redirect(f"{request.url}?done=saved")


async def _delete(request: RoleRequest) -> None:
    await request.services.accounts.roles.delete(
        request.role.role_id, version=request.role.version, authority=request.authority
    )


CREATE = ObjectForm(
    path=f"{PATH}/{NEW}",
    request_of=get_console_request,
    heading=N_("Create a role"),
    submit=N_("Create role"),
    needs_fresh_sign_in=False,
    fields=NEW_FIELDS,
    run=_create,
)
EDIT = ObjectForm(
    path=f"{PATH}/{{role_id}}/edit",
    request_of=get_role_request,
    heading=N_("Edit role"),
    submit=N_("Save"),
    needs_fresh_sign_in=False,
    fields=FIELDS,
    stored=lambda request: stored_values(request.role),
    run=_save,
)
DELETE = delete_form(
    f"{PATH}/{{role_id}}",
    get_role_request,
    _delete,
    ActTexts(
        N_("Delete this role?"),
        N_("All users and groups that have it lose it."),
        N_("Delete role"),
    ),
)
routers = changes, dangerous = form_routers(CREATE, EDIT, DELETE)
