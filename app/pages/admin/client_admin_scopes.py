"""`/admin/clients/{client_id}/admin-scopes`: what a client may do with the admin API."""

from starlette.responses import Response

from app.pages.admin.base import dangerous_router
from app.pages.admin.client_forms import PATH, ClientRequest, ClientRequestDep
from app.pages.admin.forms import (
    Field,
    FormView,
    form_page,
    require_current,
    shown_in_form,
    typed_in,
)
from app.pages.support import Errors, redirect, shows_again
from app.schemas.admin_scopes import AdminScope

dangerous = dangerous_router()
routers = (dangerous,)

FIELDS = [Field(scope.value, scope.value, kind="check") for scope in AdminScope]
"""A box for each scope; its label is the name, as a token request has it."""


async def scopes_page(request: ClientRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Access to the admin API"),
        object_name=request.shown_name,
        introduction=request.text(
            "The client can ask for these scopes with its own credentials. The scope admin includes"
            " all others."
        ),
        fields=FIELDS,
        values=(
            typed_in(request, FIELDS)
            if request.is_form
            else dict.fromkeys(request.client.admin_scopes.split(), "1")
        ),
        submit=request.text("Save"),
        cancel_url=request.client_url,
        version=str(request.client.version),
    )
    return form_page(request, form, errors)


@dangerous.get(f"{PATH}/{{client_id}}/admin-scopes")
async def choose_scopes(request: ClientRequestDep) -> Response:
    return await scopes_page(request)


@dangerous.post(f"{PATH}/{{client_id}}/admin-scopes")
@shows_again(scopes_page)
async def set_scopes(request: ClientRequestDep) -> Response:
    request.check()
    require_current(request, request.client.version)
    with shown_in_form(request):
        await request.services.clients.administration.set_admin_scopes(
            request.client.client_id,
            [scope for scope in AdminScope if request.fields.get(scope.value)],
            version=request.client.version,
            authority=request.authority,
        )
    return redirect(f"{request.client_url}?done=saved")
