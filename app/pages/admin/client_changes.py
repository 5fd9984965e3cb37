"""`/admin/clients/{client_id}/edit` and `/delete`: change and delete a client."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from app.i18n.messages import N_
from app.oauth.administered_clients import body_type_of, merged_members
from app.pages.admin.client_forms import (
    BACKCHANNEL,
    HOME_PAGE,
    LISTS,
    LOGO,
    LOGOUT_URIS,
    NAME,
    PATH,
    PRIVACY,
    REDIRECT_URIS,
    SCOPE,
    TERMS,
    ClientRequest,
    get_client_request,
    in_lines,
    members_of,
)
from app.pages.admin.client_secret_page import client_secret_page
from app.pages.admin.forms import Field, parse_body
from app.pages.admin.object_forms import ActTexts, ObjectForm, delete_form, form_routers
from app.pages.support import redirect
from app.services.clients.stated_clients import stated_members

ALWAYS = (NAME, SCOPE, HOME_PAGE, LOGO, PRIVACY, TERMS)
OF_USERS = (
    *(NAME, REDIRECT_URIS, LOGOUT_URIS, BACKCHANNEL),
    *(SCOPE, HOME_PAGE, LOGO, PRIVACY, TERMS),
)


async def _save(request: ClientRequest, typed: Mapping[str, str]) -> Response:
    fields, client = _fields(request), request.client
    members = merged_members(client, members_of(typed, fields))
    body = parse_body(
        request,
        body_type_of(client, members),
        {"client_name": "", **members},
        fields,
    )
    changed = await request.services.clients.administered.change(
        client, body, authority=request.authority
    )
    if changed.secret is not None:
        return client_secret_page(request, client.client_id, changed.secret, of=request.shown_name)
    return redirect(f"{request.url}?done=saved")


async def _delete(request: ClientRequest) -> None:
    await request.services.clients.administration.delete(
        request.client.client_id, version=request.client.version, authority=request.authority
    )


def _fields(request: ClientRequest) -> Sequence[Field]:
    has_redirects = "authorization_code" in request.client.grant_types.split()
    return OF_USERS if has_redirects else ALWAYS


def _stored(request: ClientRequest) -> dict[str, str]:
    members = stated_members(request.client)
    values = {}
    for field in _fields(request):
        value = members.get(field.name) or ""
        values[field.name] = "\n".join(value) if field.name in LISTS else str(value)
    return values


EDIT = ObjectForm(
    path=f"{PATH}/{{client_id}}/edit",
    request_of=get_client_request,
    heading=N_("Edit client"),
    submit=N_("Save"),
    needs_fresh_sign_in=False,
    fields=_fields,
    stored=_stored,
    in_form=in_lines,
    run=_save,
)
DELETE = delete_form(
    f"{PATH}/{{client_id}}",
    get_client_request,
    _delete,
    ActTexts(
        N_("Delete this client?"),
        N_(
            "Its tokens become invalid immediately, and nobody can sign in to the app. To "
            "see what happens, disable it first."
        ),
        N_("Delete client"),
    ),
)
routers = changes, dangerous = form_routers(EDIT, DELETE)
