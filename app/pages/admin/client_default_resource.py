"""`/admin/clients/{client_id}/default-resource`: what requests that name no resource are for."""

from collections.abc import Sequence

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import changes_router
from app.pages.admin.client_forms import PATH, ClientRequest, ClientRequestDep
from app.pages.admin.forms import (
    Field,
    FormView,
    Option,
    form_page,
    require_current,
    shown_in_form,
    typed_in,
)
from app.pages.support import Errors, redirect, shows_again

changes = changes_router()
routers = (changes,)

NAME = "default_resource"


async def resource_page(request: ClientRequest, errors: Errors | None = None) -> Response:
    fields = await _fields(request)
    form = FormView(
        heading=request.text("Default resource"),
        object_name=request.shown_name,
        introduction=request.text(
            "Many apps never name a resource. Their requests are for this one then, of those that "
            "the client may request."
        ),
        fields=[field.in_language(request.text) for field in fields],
        values=(
            typed_in(request, fields)
            if request.is_form
            else {NAME: request.client.default_resource or ""}
        ),
        submit=request.text("Save"),
        cancel_url=request.client_url,
        version=str(request.client.version),
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{client_id}}/default-resource")
async def choose_resource(request: ClientRequestDep) -> Response:
    return await resource_page(request)


@changes.post(f"{PATH}/{{client_id}}/default-resource")
@shows_again(resource_page)
async def set_resource(request: ClientRequestDep) -> Response:
    request.check(NAME)
    require_current(request, request.client.version)
    with shown_in_form(request, await _fields(request)):
        await request.services.oauth.default_resources.set(
            request.client.client_id,
            request.fields.get(NAME) or None,
            version=request.client.version,
            authority=request.authority,
        )
    return redirect(f"{request.client_url}?done=saved")


async def _fields(request: ClientRequest) -> Sequence[Field]:
    """Return the choice among what the client may request, and what it has already."""
    client = request.client
    resources = [
        Option(resource.name, resource.title, is_data=True)
        for resource in await request.services.oauth.resources.list_all()
        if resource.may_be_requested_by(client.client_id)
        or resource.name == client.default_resource
    ]
    label = N_("Default resource")
    return [Field(NAME, label, kind="select", options=[Option("", N_("None")), *resources])]
