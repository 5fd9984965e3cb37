"""`/admin/resources`: create, change and delete a resource."""

from collections.abc import Mapping

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import NEW, ConsoleRequest, get_console_request
from app.pages.admin.forms import parse_body
from app.pages.admin.object_forms import ActTexts, ObjectForm, delete_form, form_routers
from app.pages.admin.resource_forms import (
    FIELDS,
    NEW_FIELDS,
    PATH,
    ResourceRequest,
    body_values,
    get_resource_request,
    stored_values,
)
from app.pages.support import redirect
from app.schemas.resources import ResourceBody


async def _create(request: ConsoleRequest, typed: Mapping[str, str]) -> Response:
    body = parse_body(request, ResourceBody, body_values(typed), NEW_FIELDS)
    resource = await request.services.oauth.resources.create(body, authority=request.authority)
    return redirect(f"{PATH}/{resource.name}?done=created")


async def _save(request: ResourceRequest, typed: Mapping[str, str]) -> Response:
    await request.store(body_values(typed), FIELDS)
    return redirect(f"{request.url}?done=saved")


async def _delete(request: ResourceRequest) -> None:
    await request.services.oauth.resources.delete(
        request.resource.name, version=request.resource.version, authority=request.authority
    )


CREATE = ObjectForm(
    path=f"{PATH}/{NEW}",
    request_of=get_console_request,
    heading=N_("Add a resource"),
    introduction=N_(
        "A resource is an API, or another service, that tokens are meant for. Its scopes, clients "
        "and tokens are set afterwards."
    ),
    submit=N_("Add resource"),
    needs_fresh_sign_in=True,
    fields=NEW_FIELDS,
    run=_create,
)
EDIT = ObjectForm(
    path=f"{PATH}/{{name}}/edit",
    request_of=get_resource_request,
    heading=N_("Edit resource"),
    submit=N_("Save"),
    needs_fresh_sign_in=True,
    fields=FIELDS,
    stored=lambda request: stored_values(request.resource),
    run=_save,
)
DELETE = delete_form(
    f"{PATH}/{{name}}",
    get_resource_request,
    _delete,
    ActTexts(
        N_("Delete this resource?"),
        N_("Its tokens are refused, and clients can no longer request it."),
        N_("Delete resource"),
    ),
)
routers = changes, dangerous = form_routers(CREATE, EDIT, DELETE)
