"""`/admin/clients/{client_id}/admin-scopes`: what a client may do with the admin API."""

from collections.abc import Mapping

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.client_forms import PATH, ClientRequest, get_client_request
from app.pages.admin.forms import Field
from app.pages.admin.object_forms import ObjectForm, form_routers
from app.pages.support import redirect
from app.schemas.admin_scopes import AdminScope

FIELDS = [Field(scope.value, scope.value, kind="check") for scope in AdminScope]
"""A box for each scope; its label is the name, as a token request has it."""


async def _set(request: ClientRequest, typed: Mapping[str, str]) -> Response:
    await request.services.clients.administration.set_admin_scopes(
        request.client.client_id,
        [scope for scope in AdminScope if typed[scope.value]],
        version=request.client.version,
        authority=request.authority,
    )
    return redirect(f"{request.url}?done=saved")


FORM = ObjectForm(
    path=f"{PATH}/{{client_id}}/admin-scopes",
    request_of=get_client_request,
    heading=N_("Access to the admin API"),
    introduction=N_(
        "The client can ask for these scopes with its own credentials. The scope admin includes"
        " all others."
    ),
    submit=N_("Save"),
    needs_fresh_sign_in=True,
    fields=FIELDS,
    stored=lambda request: dict.fromkeys(request.client.admin_scopes.split(), "1"),
    run=_set,
)
routers = form_routers(FORM)
