"""`/admin/providers`: create, change, enable, disable and delete an identity provider."""

from collections.abc import Mapping

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import NEW, ConsoleRequest, get_console_request
from app.pages.admin.forms import Field, parse_body
from app.pages.admin.object_acts import switch_forms
from app.pages.admin.object_forms import ActTexts, ObjectForm, delete_form, form_routers
from app.pages.admin.provider_forms import (
    EDIT_FIELDS,
    LONGEST_SECRET,
    NEW_VALUES,
    PATH,
    SECRET,
    ProviderRequest,
    body_values,
    get_provider_request,
    new_fields,
    stored_values,
)
from app.pages.support import ShowAgainError, redirect
from app.schemas.identity_providers import IdentityProviderBody

NEW_SECRET = Field(
    SECRET.name,
    N_("New client secret"),
    wrong=N_("Enter a secret of 1 to 1,000 characters, or check the box below."),
    kind="password",
    maximum=LONGEST_SECRET,
)
NO_SECRET = Field(
    "no_secret", N_("Remove the secret: the provider issued none to this server"), kind="check"
)


async def _create(request: ConsoleRequest, typed: Mapping[str, str]) -> Response:
    if len(typed[SECRET.name]) > LONGEST_SECRET:
        raise ShowAgainError({SECRET.name: request.text(SECRET.wrong)})
    body = parse_body(request, IdentityProviderBody, body_values(typed), new_fields(request))
    provider = await request.services.federation.administration.add(
        body, secret=typed[SECRET.name], authority=request.authority
    )
    return redirect(f"{PATH}/{provider.name}?done=created")


async def _save(request: ProviderRequest, typed: Mapping[str, str]) -> Response:
    return await _change(request, typed, secret=None)


async def _set_secret(request: ProviderRequest, typed: Mapping[str, str]) -> Response:
    secret, removes = typed[NEW_SECRET.name], bool(typed[NO_SECRET.name])
    if removes == bool(secret) or len(secret) > LONGEST_SECRET:
        raise ShowAgainError({NEW_SECRET.name: request.text(NEW_SECRET.wrong)})
    return await _change(request, stored_values(request.provider), secret=secret)


async def _change(
    request: ProviderRequest, values: Mapping[str, str], *, secret: str | None
) -> Response:
    provider = request.provider
    kept = {"name": provider.name, "issuer": provider.issuer}
    body = parse_body(request, IdentityProviderBody, {**kept, **body_values(values)}, EDIT_FIELDS)
    await request.services.federation.administration.change(
        body, secret=secret, version=provider.version, authority=request.authority
    )
    return redirect(f"{request.url}?done=saved")


async def _set_disabled(request: ProviderRequest, *, disabled: bool) -> None:
    await request.services.federation.administration.set_disabled(
        request.provider.name, disabled=disabled, authority=request.authority
    )


async def _delete(request: ProviderRequest) -> None:
    await request.services.federation.administration.remove(
        request.provider.name, version=request.provider.version, authority=request.authority
    )


CREATE = ObjectForm(
    path=f"{PATH}/{NEW}",
    request_of=get_console_request,
    heading=N_("Add an identity provider"),
    introduction=N_("Register this server with the provider first, as a web app."),
    submit=N_("Add identity provider"),
    needs_fresh_sign_in=True,
    fields=new_fields,
    stored=lambda request: NEW_VALUES,
    run=_create,
)
EDIT = ObjectForm(
    path=f"{PATH}/{{name}}/edit",
    request_of=get_provider_request,
    heading=N_("Edit identity provider"),
    submit=N_("Save"),
    needs_fresh_sign_in=True,
    fields=EDIT_FIELDS,
    stored=lambda request: stored_values(request.provider),
    run=_save,
)
SET_SECRET = ObjectForm(
    path=f"{PATH}/{{name}}/secret",
    request_of=get_provider_request,
    heading=N_("Replace the client secret"),
    introduction=N_("This server uses the new secret from the next sign-in on."),
    submit=N_("Replace secret"),
    needs_fresh_sign_in=True,
    fields=(NEW_SECRET, NO_SECRET),
    run=_set_secret,
)
DISABLE, ENABLE = switch_forms(
    f"{PATH}/{{name}}",
    get_provider_request,
    _set_disabled,
    disable=ActTexts(
        N_("Disable this identity provider?"),
        N_(
            "Nobody can sign in with it until you enable it. Accounts that are linked to it stay "
            "linked."
        ),
        N_("Disable identity provider"),
    ),
    enable=ActTexts(
        N_("Enable this identity provider?"),
        N_("Users can sign in with it again."),
        N_("Enable identity provider"),
    ),
    is_versioned=True,
)
DELETE = delete_form(
    f"{PATH}/{{name}}",
    get_provider_request,
    _delete,
    ActTexts(
        N_("Delete this identity provider?"),
        N_(
            "All accounts are unlinked from it, and lose the groups that it gave them. "
            "Users without another way to sign in can no longer sign in. To see what "
            "happens, disable it first."
        ),
        N_("Delete identity provider"),
    ),
)
routers = changes, dangerous = form_routers(CREATE, EDIT, SET_SECRET, DISABLE, ENABLE, DELETE)
