"""`/admin/scopes`: create, change and delete a scope of the catalogue."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import NEW, ConsoleRequest, get_console_request
from app.pages.admin.forms import Field, parse_body
from app.pages.admin.object_forms import ActTexts, ObjectForm, delete_form, form_routers
from app.pages.admin.scope_forms import (
    NAME,
    PATH,
    ScopeRequest,
    body_values,
    edit_fields,
    get_scope_request,
    new_fields,
    require_translations,
    stored_values,
    url_of_scope,
)
from app.pages.support import redirect
from app.schemas.scopes import ScopeBody


async def _create(request: ConsoleRequest, typed: Mapping[str, str]) -> Response:
    values = {NAME.name: typed[NAME.name], **body_values(typed)}
    body = _body(request, values, new_fields(request))
    scope = await request.services.oauth.scopes.create(body, authority=request.authority)
    return redirect(f"{url_of_scope(scope.name)}?done=created")


async def _save(request: ScopeRequest, typed: Mapping[str, str]) -> Response:
    scope = request.scope
    values = {NAME.name: scope.name, **body_values(typed)}
    await request.services.oauth.scopes.change(
        scope.name,
        _body(request, values, edit_fields(request)),
        version=scope.version,
        authority=request.authority,
    )
    return redirect(f"{request.url}?done=saved")


async def _delete(request: ScopeRequest) -> None:
    scope = request.scope
    await request.services.oauth.scopes.delete(
        scope.name, version=scope.version, authority=request.authority
    )


def _body(request: ConsoleRequest, values: Mapping[str, Any], fields: Sequence[Field]) -> ScopeBody:
    """Return the body; show the form again with a wrong translation beside its field."""
    require_translations(request, values["translations"], fields)
    return parse_body(request, ScopeBody, values, fields)


CREATE = ObjectForm(
    path=f"{PATH}/{NEW}",
    request_of=get_console_request,
    heading=N_("Add a scope"),
    introduction=N_(
        "Apps can ask for it once it is among the scopes of their client. The sentence is what "
        "users read when they allow it."
    ),
    submit=N_("Add scope"),
    needs_fresh_sign_in=False,
    fields=new_fields,
    run=_create,
)
EDIT = ObjectForm(
    path=f"{PATH}/{{name}}/edit",
    request_of=get_scope_request,
    heading=N_("Edit scope"),
    submit=N_("Save"),
    needs_fresh_sign_in=False,
    fields=edit_fields,
    stored=lambda request: stored_values(request.scope),
    run=_save,
)
DELETE = delete_form(
    f"{PATH}/{{name}}",
    get_scope_request,
    _delete,
    ActTexts(
        N_("Remove this scope from the catalogue?"),
        N_(
            "Clients keep the scope, but the consent page shows its bare name instead of your "
            "sentence."
        ),
        N_("Remove scope"),
    ),
)
routers = changes, dangerous = form_routers(CREATE, EDIT, DELETE)
