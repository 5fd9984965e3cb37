"""`/admin/resources/{name}/personal-tokens`: who may create personal access tokens for it."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.client_access import GROUPS, OF_GROUPS, chosen_groups, group_boxes
from app.pages.admin.forms import Field, Option
from app.pages.admin.object_forms import ObjectForm, form_routers
from app.pages.admin.resource_forms import PATH, ResourceRequest, get_resource_request
from app.pages.support import ShowAgainError, redirect

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


async def _save(request: ResourceRequest, typed: Mapping[str, str]) -> Response:
    kind, before = typed[KIND.name], request.resource.policies_in_force.personal_tokens
    if kind not in (EVERYONE, OF_GROUPS, NOBODY):
        raise ShowAgainError({KIND.name: request.text(KIND.wrong)})
    groups = await chosen_groups(request, typed, before) if kind == OF_GROUPS else ()
    changes = {
        "allows_personal_tokens": kind != NOBODY,
        "policies": {"personal_tokens": {"kind": kind, "groups": groups}},
    }
    await request.store(changes, [KIND])
    return redirect(f"{request.url}?done=saved")


def kind_of(request: ResourceRequest) -> str:
    """Return which users may have tokens, as the form says it."""
    if not request.resource.allows_personal_tokens:
        return NOBODY
    return request.resource.policies_in_force.personal_tokens.kind


async def _fields(request: ResourceRequest) -> Sequence[Field]:
    return [KIND, *await group_boxes(request)]


def _stored(request: ResourceRequest) -> Mapping[str, str]:
    groups = request.resource.policies_in_force.personal_tokens.groups
    return {KIND.name: kind_of(request), GROUPS.name: " ".join(groups)}


FORM = ObjectForm(
    path=f"{PATH}/{{name}}/{PERSONAL_TOKENS}",
    request_of=get_resource_request,
    heading=N_("Personal access tokens"),
    introduction=N_("Tokens of users who may no longer have them are inactive."),
    submit=N_("Save"),
    needs_fresh_sign_in=True,
    fields=_fields,
    stored=_stored,
    run=_save,
)
routers = form_routers(FORM)
