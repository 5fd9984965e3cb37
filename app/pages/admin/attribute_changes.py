"""`/admin/attributes`: define an attribute, and change or delete its definition."""

from collections.abc import Mapping

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.attribute_forms import (
    FIELDS,
    NEW_FIELDS,
    PATH,
    DefinitionRequest,
    get_definition_request,
    stored_values,
)
from app.pages.admin.base import NEW, ConsoleRequest, get_console_request
from app.pages.admin.forms import parse_body
from app.pages.admin.object_forms import ActTexts, ObjectForm, delete_form, form_routers
from app.pages.support import redirect
from app.schemas.attributes import AttributeDefinitionBody


async def _define(request: ConsoleRequest, typed: Mapping[str, str]) -> Response:
    body = parse_body(request, AttributeDefinitionBody, typed, NEW_FIELDS)
    await request.services.accounts.attributes.define(body, authority=request.authority)
    return redirect(f"{PATH}/{body.name}?done=created")


async def _save(request: DefinitionRequest, typed: Mapping[str, str]) -> Response:
    definition = request.definition
    values = {**typed, "name": definition.name, "type": definition.type}
    body = parse_body(request, AttributeDefinitionBody, values, FIELDS)
    await request.services.accounts.attributes.change(
        definition.name, body, version=definition.version, authority=request.authority
    )
    return redirect(f"{request.url}?done=saved")


async def _delete(request: DefinitionRequest) -> None:
    definition = request.definition
    await request.services.accounts.attributes.delete(
        definition.name, version=definition.version, authority=request.authority
    )


DEFINE = ObjectForm(
    path=f"{PATH}/{NEW}",
    request_of=get_console_request,
    heading=N_("Define an attribute"),
    submit=N_("Define attribute"),
    needs_fresh_sign_in=False,
    fields=NEW_FIELDS,
    run=_define,
)
EDIT = ObjectForm(
    path=f"{PATH}/{{name}}/edit",
    request_of=get_definition_request,
    heading=N_("Edit attribute"),
    submit=N_("Save"),
    needs_fresh_sign_in=False,
    fields=FIELDS,
    stored=lambda request: stored_values(request.definition),
    run=_save,
)
DELETE = delete_form(
    f"{PATH}/{{name}}",
    get_definition_request,
    _delete,
    ActTexts(
        N_("Delete this attribute?"),
        N_("Apps no longer receive it. Its values are kept, and reappear if you define it again."),
        N_("Delete attribute"),
    ),
)
routers = changes, dangerous = form_routers(DEFINE, EDIT, DELETE)
