"""`/admin/clients/{client_id}/default-resource`: what requests that name no resource are for."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.client_forms import PATH, ClientRequest, get_client_request
from app.pages.admin.forms import Field, Option
from app.pages.admin.object_forms import ObjectForm, form_routers
from app.pages.support import redirect

NAME = "default_resource"


async def _set(request: ClientRequest, typed: Mapping[str, str]) -> Response:
    await request.services.oauth.default_resources.set(
        request.client.client_id,
        typed[NAME] or None,
        version=request.client.version,
        authority=request.authority,
    )
    return redirect(f"{request.url}?done=saved")


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


FORM = ObjectForm(
    path=f"{PATH}/{{client_id}}/default-resource",
    request_of=get_client_request,
    heading=N_("Default resource"),
    introduction=N_(
        "Many apps never name a resource. Their requests are then for this one, which "
        "the client must be allowed to request."
    ),
    submit=N_("Save"),
    needs_fresh_sign_in=False,
    fields=_fields,
    stored=lambda request: {NAME: request.client.default_resource or ""},
    run=_set,
)
routers = form_routers(FORM)
