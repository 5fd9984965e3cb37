"""`/admin/issuers`: trust an issuer, change and delete it."""

from collections.abc import Mapping

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import NEW, ConsoleRequest, get_console_request
from app.pages.admin.object_forms import ActTexts, ObjectForm, delete_form, form_routers
from app.pages.admin.resource_forms import NAME
from app.pages.admin.trusted_issuer_forms import (
    FIELDS,
    NEW_FIELDS,
    PATH,
    TrustedIssuerRequest,
    first_values,
    get_issuer_request,
    in_lines,
    parse_issuer,
    stored_values,
)
from app.pages.support import redirect


async def _create(request: ConsoleRequest, typed: Mapping[str, str]) -> Response:
    body = await parse_issuer(request, typed[NAME.name], typed, NEW_FIELDS)
    row = await request.services.oauth.trusted_issuers.create(body, authority=request.authority)
    return redirect(f"{PATH}/{row.name}?done=created")


async def _save(request: TrustedIssuerRequest, typed: Mapping[str, str]) -> Response:
    await request.services.oauth.trusted_issuers.change(
        request.row.name,
        await parse_issuer(request, request.row.name, typed, FIELDS),
        version=request.row.version,
        authority=request.authority,
    )
    return redirect(f"{request.url}?done=saved")


async def _delete(request: TrustedIssuerRequest) -> None:
    await request.services.oauth.trusted_issuers.delete(
        request.row.name, version=request.row.version, authority=request.authority
    )


CREATE = ObjectForm(
    path=f"{PATH}/{NEW}",
    request_of=get_console_request,
    heading=N_("Trust an issuer"),
    introduction=N_(
        "Its tokens stand for a client or a user here, so that a workload needs no secret. Trust "
        "only an issuer that decides well who gets which subject."
    ),
    submit=N_("Trust issuer"),
    needs_fresh_sign_in=True,
    fields=NEW_FIELDS,
    stored=first_values,
    in_form=in_lines,
    run=_create,
)
EDIT = ObjectForm(
    path=f"{PATH}/{{name}}/edit",
    request_of=get_issuer_request,
    heading=N_("Edit trusted issuer"),
    submit=N_("Save"),
    needs_fresh_sign_in=True,
    fields=FIELDS,
    stored=stored_values,
    in_form=in_lines,
    run=_save,
)
DELETE = delete_form(
    f"{PATH}/{{name}}",
    get_issuer_request,
    _delete,
    ActTexts(
        N_("Stop trusting this issuer?"),
        N_(
            "Its tokens are refused. Access tokens that were issued for them stay valid "
            "until they expire."
        ),
        N_("Delete trusted issuer"),
    ),
)
routers = changes, dangerous = form_routers(CREATE, EDIT, DELETE)
