"""`/admin/clients/{client_id}/disable`, `/enable` and `/trust`."""

from collections.abc import Mapping

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.clients.trust import Trust
from app.pages.admin.client_forms import PATH, ClientRequest, get_client_request
from app.pages.admin.forms import Field, Option
from app.pages.admin.object_acts import switch_forms
from app.pages.admin.object_forms import ActTexts, ObjectForm, form_routers
from app.pages.support import ShowAgainError, redirect

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


async def _set_disabled(request: ClientRequest, *, disabled: bool) -> None:
    await request.services.clients.administration.set_disabled(
        request.client.client_id, disabled=disabled, authority=request.authority
    )


async def _set_trust(request: ClientRequest, typed: Mapping[str, str]) -> Response:
    trust = TRUSTS.get(typed[TRUST.name])
    if trust is None:
        raise ShowAgainError({TRUST.name: request.text(TRUST.wrong)})
    await request.services.clients.administration.set_trust(
        request.client.client_id,
        trust,
        version=request.client.version,
        authority=request.authority,
    )
    return redirect(f"{request.url}?done=saved")


SWITCHES = switch_forms(
    f"{PATH}/{{client_id}}",
    get_client_request,
    _set_disabled,
    disable=ActTexts(
        N_("Disable this client?"),
        N_("The app can't sign anyone in, and its tokens are invalid until you enable it."),
        N_("Disable client"),
    ),
    enable=ActTexts(
        N_("Enable this client?"),
        N_("The app can sign users in again, and its tokens are valid again."),
        N_("Enable client"),
    ),
    is_versioned=False,
)
SET_TRUST = ObjectForm(
    path=f"{PATH}/{{client_id}}/trust",
    request_of=get_client_request,
    heading=N_("Set the trust in this client"),
    submit=N_("Save"),
    needs_fresh_sign_in=True,
    fields=(TRUST,),
    stored=lambda request: {TRUST.name: request.client.trust},
    run=_set_trust,
)
routers = form_routers(*SWITCHES, SET_TRUST)
