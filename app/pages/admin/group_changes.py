"""`/admin/groups`: create, change and delete a group."""

import json
from collections.abc import Mapping

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import NEW, ConsoleRequest, get_console_request
from app.pages.admin.forms import parse_body
from app.pages.admin.group_forms import (
    FIELDS,
    PATH,
    GroupRequest,
    body_values,
    get_group_request,
    stored_values,
)
from app.pages.admin.object_forms import ActTexts, ObjectForm, delete_form, form_routers
from app.pages.support import redirect
from app.schemas.groups import GroupBody


async def _create(request: ConsoleRequest, typed: Mapping[str, str]) -> Response:
    body = parse_body(request, GroupBody, body_values(typed), FIELDS)
    group = await request.services.accounts.groups.create(body, authority=request.authority)
    return redirect(f"{PATH}/{group.group_id}?done=created")


async def _save(request: GroupRequest, typed: Mapping[str, str]) -> Response:
    group = request.group
    values = {**body_values(typed), "attributes": json.loads(group.attributes)}
    body = parse_body(request, GroupBody, values, FIELDS)
    await request.services.accounts.groups.change(
        group.group_id, body, version=group.version, authority=request.authority
    )
    return redirect(f"{request.url}?done=saved")


async def _delete(request: GroupRequest) -> None:
    await request.services.accounts.groups.delete(
        request.group.group_id, version=request.group.version, authority=request.authority
    )


CREATE = ObjectForm(
    path=f"{PATH}/{NEW}",
    request_of=get_console_request,
    heading=N_("Create a group"),
    submit=N_("Create group"),
    needs_fresh_sign_in=False,
    fields=FIELDS,
    run=_create,
)
EDIT = ObjectForm(
    path=f"{PATH}/{{group_id}}/edit",
    request_of=get_group_request,
    heading=N_("Edit group"),
    submit=N_("Save"),
    needs_fresh_sign_in=False,
    fields=FIELDS,
    stored=lambda request: stored_values(request.group),
    run=_save,
)
DELETE = delete_form(
    f"{PATH}/{{group_id}}",
    get_group_request,
    _delete,
    ActTexts(
        N_("Delete this group?"),
        N_(
            "Its members lose the roles and the access to apps that they have through it. Their "
            "accounts stay."
        ),
        N_("Delete group"),
    ),
)
routers = changes, dangerous = form_routers(CREATE, EDIT, DELETE)
