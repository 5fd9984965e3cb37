"""`/admin/clients/{client_id}/disable`, `/enable` and `/trust`."""

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.clients.trust import Trust
from app.pages.admin.base import dangerous_router
from app.pages.admin.client_forms import PATH, ClientRequest, ClientRequestDep
from app.pages.admin.forms import (
    Field,
    FormView,
    Option,
    form_page,
    require_current,
    shown_in_form,
)
from app.pages.support import Errors, ShowAgainError, redirect, shows_again

dangerous = dangerous_router()
routers = (dangerous,)

DISABLE, ENABLE = "disable", "enable"
TRUST = Field(
    "trust",
    N_("Trust"),
    wrong=N_("Choose one of the values."),
    kind="select",
    options=(
        Option("none", N_("None: users are asked what the app may read")),
        Option("verified", N_("Verified: the consent page says that you know the app")),
        Option("first_party", N_("Your own app: users are not asked")),
    ),
    is_required=True,
)
TRUSTS: dict[str, Trust] = {"none": "none", "verified": "verified", "first_party": "first_party"}


async def switch_page(request: ClientRequest, errors: Errors | None = None) -> Response:
    text, disables = request.text, _disables(request)
    form = FormView(
        heading=text("Disable this client?") if disables else text("Enable this client?"),
        object_name=request.shown_name,
        introduction=(
            text("The app can't sign anyone in, and its tokens are invalid until you enable it.")
            if disables
            else text("The app can sign users in again, and its tokens are valid again.")
        ),
        fields=(),
        values={},
        submit=text("Disable client") if disables else text("Enable client"),
        cancel_url=request.client_url,
        is_danger=disables,
    )
    return form_page(request, form, errors)


async def confirm_switch(request: ClientRequestDep) -> Response:
    return await switch_page(request)


@shows_again(switch_page)
async def switch_client(request: ClientRequestDep) -> Response:
    request.check()
    with shown_in_form(request):
        await request.services.clients.administration.set_disabled(
            request.client.client_id, disabled=_disables(request), authority=request.authority
        )
    return redirect(f"{request.client_url}?done=saved")


for act in (DISABLE, ENABLE):
    dangerous.add_api_route(f"{PATH}/{{client_id}}/{act}", confirm_switch, methods=["GET"])
    dangerous.add_api_route(f"{PATH}/{{client_id}}/{act}", switch_client, methods=["POST"])


async def trust_page(request: ClientRequest, errors: Errors | None = None) -> Response:
    values = {TRUST.name: request.client.trust}
    form = FormView(
        heading=request.text("Set the trust in this client"),
        object_name=request.shown_name,
        fields=[TRUST.in_language(request.text)],
        values={**values, **request.fields} if request.is_form else values,
        submit=request.text("Save"),
        cancel_url=request.client_url,
        version=str(request.client.version),
    )
    return form_page(request, form, errors)


@dangerous.get(f"{PATH}/{{client_id}}/trust")
async def choose_trust(request: ClientRequestDep) -> Response:
    return await trust_page(request)


@dangerous.post(f"{PATH}/{{client_id}}/trust")
@shows_again(trust_page)
async def set_trust(request: ClientRequestDep) -> Response:
    request.check()
    require_current(request, request.client.version)
    trust = TRUSTS.get(request.fields.get(TRUST.name, ""))
    if trust is None:
        raise ShowAgainError({TRUST.name: request.text(TRUST.wrong)})
    with shown_in_form(request, [TRUST]):
        await request.services.clients.administration.set_trust(
            request.client.client_id,
            trust,
            version=request.client.version,
            authority=request.authority,
        )
    return redirect(f"{request.client_url}?done=saved")


def _disables(request: ClientRequest) -> bool:
    return request.path.endswith(f"/{DISABLE}")
