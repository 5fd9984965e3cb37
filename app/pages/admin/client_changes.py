"""`/admin/clients/{client_id}/edit` and `/delete`: change and delete a client."""

from collections.abc import Sequence

from starlette.responses import Response

from app.oauth.administered_clients import body_type_of, merged_members
from app.pages.admin.base import changes_router, dangerous_router
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
    ClientRequestDep,
    in_lines,
    members_of,
)
from app.pages.admin.client_wizard import secret_page
from app.pages.admin.forms import (
    Field,
    FormView,
    form_page,
    parse_body,
    require_current,
    shown_in_form,
    typed_in,
)
from app.pages.support import Errors, redirect, shows_again
from app.services.clients.stated_clients import stated_members

changes, dangerous = changes_router(), dangerous_router()
routers = (changes, dangerous)

ALWAYS = (NAME, SCOPE, HOME_PAGE, LOGO, PRIVACY, TERMS)
OF_USERS = (
    *(NAME, REDIRECT_URIS, LOGOUT_URIS, BACKCHANNEL),
    *(SCOPE, HOME_PAGE, LOGO, PRIVACY, TERMS),
)


async def edit_page(request: ClientRequest, errors: Errors | None = None) -> Response:
    fields = _fields(request)
    form = FormView(
        heading=request.text("Edit client"),
        object_name=request.shown_name,
        fields=[field.in_language(request.text) for field in fields],
        values=in_lines(typed_in(request, fields)) if request.is_form else _stored(request),
        submit=request.text("Save"),
        cancel_url=request.client_url,
        version=str(request.client.version),
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{client_id}}/edit")
async def edit_client(request: ClientRequestDep) -> Response:
    return await edit_page(request)


@changes.post(f"{PATH}/{{client_id}}/edit")
@shows_again(edit_page)
async def save_client(request: ClientRequestDep) -> Response:
    fields, client = _fields(request), request.client
    request.check(*(field.name for field in fields))
    typed = typed_in(request, fields)
    require_current(request, client.version, typed=in_lines(typed), stored=_stored(request))
    members = merged_members(client, members_of(typed, fields))
    body = parse_body(
        request,
        body_type_of(client, members),
        {"client_name": "", **members},
        fields,
    )
    with shown_in_form(request, fields):
        changed = await request.services.clients.administered.change(
            client, body, authority=request.authority
        )
    if changed.secret is not None:
        return secret_page(request, client.client_id, changed.secret, of=request.shown_name)
    return redirect(f"{request.client_url}?done=saved")


async def delete_page(request: ClientRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Delete this client?"),
        object_name=request.shown_name,
        introduction=request.text(
            "Its tokens become invalid at once, and nobody can sign in to the app any more. To try "
            "what happens, disable it first."
        ),
        fields=(),
        values={},
        submit=request.text("Delete client"),
        cancel_url=request.client_url,
        version=str(request.client.version),
        is_danger=True,
    )
    return form_page(request, form, errors)


@dangerous.get(f"{PATH}/{{client_id}}/delete")
async def confirm_deletion(request: ClientRequestDep) -> Response:
    return await delete_page(request)


@dangerous.post(f"{PATH}/{{client_id}}/delete")
@shows_again(delete_page)
async def delete_client(request: ClientRequestDep) -> Response:
    request.check()
    require_current(request, request.client.version)
    with shown_in_form(request):
        await request.services.clients.administration.delete(
            request.client.client_id, version=request.client.version, authority=request.authority
        )
    return redirect(f"{PATH}?done=deleted")


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
