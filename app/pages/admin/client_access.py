"""`/admin/clients/{client_id}/access`: the users who may use a client."""

from collections.abc import Sequence

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequest, changes_router
from app.pages.admin.client_forms import PATH, ClientRequest, ClientRequestDep
from app.pages.admin.forms import (
    Field,
    FormView,
    Option,
    form_page,
    parse_body,
    require_current,
    shown_in_form,
)
from app.pages.support import Errors, ShowAgainError, redirect, shows_again
from app.schemas.client_policies import AccessPolicy, ClientPolicies

changes = changes_router()
routers = (changes,)

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


async def access_page(request: ClientRequest, errors: Errors | None = None) -> Response:
    access = policies_of(request).access
    stored = {KIND.name: access.kind, **dict.fromkeys(access.groups, "1")}
    form = FormView(
        heading=request.text("Access to this client"),
        object_name=request.shown_name,
        introduction=request.text("It holds at the next sign-in, and when tokens are refreshed."),
        fields=[KIND.in_language(request.text), *await group_boxes(request)],
        values=request.fields if request.is_form else stored,
        submit=request.text("Save"),
        cancel_url=request.client_url,
        version=str(request.client.version),
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{client_id}}/access")
async def choose_access(request: ClientRequestDep) -> Response:
    return await access_page(request)


@changes.post(f"{PATH}/{{client_id}}/access")
@shows_again(access_page)
async def set_access(request: ClientRequestDep) -> Response:
    request.check()
    require_current(request, request.client.version)
    before, kind = policies_of(request), request.fields.get(KIND.name, "")
    groups = await chosen_groups(request, before.access) if kind == OF_GROUPS else ()
    if kind == OF_GROUPS and not groups:
        raise ShowAgainError({KIND.name: request.text("Choose at least one group.")})
    access = parse_body(request, AccessPolicy, {"kind": kind, "groups": groups}, [KIND])
    await set_policies(request, before.model_copy(update={"access": access}), [KIND])
    return redirect(f"{request.client_url}?done=saved")


def policies_of(request: ClientRequest) -> ClientPolicies:
    return request.client.policies_in_force or ClientPolicies()


async def set_policies(
    request: ClientRequest, policies: ClientPolicies, fields: Sequence[Field]
) -> None:
    with shown_in_form(request, fields):
        await request.services.clients.policies.set(
            request.client.client_id,
            policies,
            version=request.client.version,
            authority=request.authority,
        )


async def group_boxes(request: ConsoleRequest) -> Sequence[Field]:
    """Return a box for each group; its label is the name of the group, which is data."""
    groups = await request.services.accounts.groups.list_page(limit=MOST_GROUPS)
    return [Field(group.group_id, group.name, kind="check") for group in groups]


async def chosen_groups(request: ConsoleRequest, stored: AccessPolicy) -> Sequence[str]:
    """Return the groups that were chosen, and stored ones that the form does not show."""
    shown = [field.name for field in await group_boxes(request)]
    chosen = [group_id for group_id in shown if request.fields.get(group_id)]
    return [*chosen, *(group_id for group_id in stored.groups if group_id not in shown)]
