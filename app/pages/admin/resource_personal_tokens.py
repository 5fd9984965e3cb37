"""`/admin/resources/{name}/personal-tokens`: who may create personal access tokens for it."""

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import dangerous_router
from app.pages.admin.client_access import OF_GROUPS, chosen_groups, group_boxes
from app.pages.admin.forms import Field, FormView, Option, form_page, require_current, shown_in_form
from app.pages.admin.resource_forms import PATH, ResourceRequest, ResourceRequestDep
from app.pages.support import Errors, ShowAgainError, redirect, shows_again

dangerous = dangerous_router()
routers = (dangerous,)

PERSONAL_TOKENS = "personal-tokens"
EVERYONE, NOBODY = "everyone", "nobody"
KIND = Field(
    "kind",
    N_("Users who may create tokens"),
    wrong=N_("Choose one of the values."),
    kind="select",
    options=(
        Option(EVERYONE, N_("Everyone")),
        Option(OF_GROUPS, N_("Members of the groups below")),
        Option(NOBODY, N_("Nobody")),
    ),
    is_required=True,
)


async def personal_tokens_page(request: ResourceRequest, errors: Errors | None = None) -> Response:
    groups = request.resource.policies_in_force.personal_tokens.groups
    stored = {KIND.name: kind_of(request), **dict.fromkeys(groups, "1")}
    form = FormView(
        heading=request.text("Personal access tokens"),
        object_name=request.shown_name,
        introduction=request.text("Tokens of users who may no longer have them are inactive."),
        fields=[KIND.in_language(request.text), *await group_boxes(request)],
        values=request.fields if request.is_form else stored,
        submit=request.text("Save"),
        cancel_url=request.url,
        version=request.version,
    )
    return form_page(request, form, errors)


@dangerous.get(f"{PATH}/{{name}}/{PERSONAL_TOKENS}")
async def choose_users(request: ResourceRequestDep) -> Response:
    return await personal_tokens_page(request)


@dangerous.post(f"{PATH}/{{name}}/{PERSONAL_TOKENS}")
@shows_again(personal_tokens_page)
async def set_users(request: ResourceRequestDep) -> Response:
    request.check()
    require_current(request, request.resource.version)
    kind, before = request.fields.get(KIND.name, ""), request.resource.policies_in_force
    if kind not in (EVERYONE, OF_GROUPS, NOBODY):
        raise ShowAgainError({KIND.name: request.text(str(KIND.wrong))})
    groups = await chosen_groups(request, before.personal_tokens) if kind == OF_GROUPS else ()
    if kind == OF_GROUPS and not groups:
        raise ShowAgainError({KIND.name: request.text("Choose at least one group.")})
    changes = {
        "allows_personal_tokens": kind != NOBODY,
        "policies": {"personal_tokens": {"kind": kind, "groups": groups}},
    }
    with shown_in_form(request, [KIND]):
        await request.store(changes, [KIND])
    return redirect(f"{request.url}?done=saved")


def kind_of(request: ResourceRequest) -> str:
    """Return which users may have tokens, as the form says it."""
    if not request.resource.allows_personal_tokens:
        return NOBODY
    return request.resource.policies_in_force.personal_tokens.kind
