"""`/admin/clients/{client_id}/access`: the users who may use a client."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequest
from app.pages.admin.client_forms import PATH, ClientRequest, get_client_request
from app.pages.admin.forms import Field, Option, parse_body
from app.pages.admin.object_forms import ObjectForm, form_routers
from app.pages.support import ShowAgainError, redirect
from app.schemas.client_policies import AccessPolicy, ClientPolicies

OF_GROUPS = "groups"
MOST_GROUPS = 200
"""How many groups can be selected."""
KIND = Field(
    "kind",
    N_("Users with access"),
    wrong=N_("Choose one of the values."),
    kind="select",
    options=(
        Option("everyone", N_("Everyone")),
        Option(OF_GROUPS, N_("Members of the groups below")),
        Option("nobody", N_("Nobody")),
    ),
    is_required=True,
)
GROUPS = Field("groups", N_("Groups"), kind="checks")


async def _save(request: ClientRequest, typed: Mapping[str, str]) -> Response:
    before, kind = policies_of(request), typed[KIND.name]
    groups = await chosen_groups(request, typed, before.access) if kind == OF_GROUPS else ()
    access = parse_body(request, AccessPolicy, {"kind": kind, "groups": groups}, [KIND])
    await set_policies(request, before.model_copy(update={"access": access}))
    return redirect(f"{request.url}?done=saved")


def policies_of(request: ClientRequest) -> ClientPolicies:
    return request.client.policies_in_force or ClientPolicies()


async def set_policies(request: ClientRequest, policies: ClientPolicies) -> None:
    await request.services.clients.policies.set(
        request.client.client_id,
        policies,
        version=request.client.version,
        authority=request.authority,
    )


async def group_boxes(request: ConsoleRequest) -> Sequence[Field]:
    """Return the field with a box for each group; none if there are no groups."""
    groups = await request.services.accounts.groups.list_page(limit=MOST_GROUPS)
    options = [Option(group.group_id, group.name, is_data=True) for group in groups]
    return [replace(GROUPS, options=options)] if options else []


async def chosen_groups(
    request: ConsoleRequest, typed: Mapping[str, str], stored: AccessPolicy
) -> Sequence[str]:
    """Return the groups that were chosen, and stored ones that the form does not show.

    Show the form again if there are none.
    """
    shown = {option.value for field in await group_boxes(request) for option in field.options}
    chosen = typed.get(GROUPS.name, "").split()
    groups = [*chosen, *(group_id for group_id in stored.groups if group_id not in shown)]
    if not groups:
        raise ShowAgainError({KIND.name: request.text("Choose at least one group.")})
    return groups


async def _fields(request: ClientRequest) -> Sequence[Field]:
    return [KIND, *await group_boxes(request)]


def _stored(request: ClientRequest) -> Mapping[str, str]:
    access = policies_of(request).access
    return {KIND.name: access.kind, GROUPS.name: " ".join(access.groups)}


FORM = ObjectForm(
    path=f"{PATH}/{{client_id}}/access",
    request_of=get_client_request,
    heading=N_("Access to this client"),
    introduction=N_("Takes effect at the next sign-in, and when tokens are refreshed."),
    submit=N_("Save"),
    needs_fresh_sign_in=False,
    fields=_fields,
    stored=_stored,
    run=_save,
)
routers = form_routers(FORM)
