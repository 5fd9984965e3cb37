"""`/admin/providers/{name}/mappings`: map groups of an identity provider to groups here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from app.details import Detail
from app.errors import ConflictError, NotFoundError
from app.i18n.messages import N_
from app.models.accounts.groups import GroupMapping
from app.pages.admin.base import NEW
from app.pages.admin.forms import Field
from app.pages.admin.object_forms import ObjectForm, ObjectRequest, form_routers
from app.pages.admin.provider_forms import (
    PATH,
    ProviderRequest,
    ProviderRequestDep,
    get_provider_request,
)
from app.pages.admin.provider_mappings import group_name, id_of, mappings_of
from app.pages.support import ShowAgainError, redirect
from app.services.accounts.group_mappings import MAXIMUM_VALUE

USUAL_CLAIM = "groups"
CLAIM = Field(
    "groups_claim",
    N_("Claim with the groups"),
    hint=N_("The claim of the provider that lists the groups of a user, often groups."),
    maximum=64,
)
VALUE = Field(
    "claim_value",
    N_("Value of the claim"),
    hint=N_("The name or the ID of a group, as the provider states it."),
    wrong=N_("Enter 1 to 256 characters."),
    is_required=True,
    maximum=MAXIMUM_VALUE,
)
GROUP = Field(
    "group",
    N_("Name of the group here"),
    wrong=N_("There is no group with that name."),
    is_required=True,
    maximum=128,
)


@dataclass(frozen=True, slots=True)
class MappingRequest(ObjectRequest):
    """A request for a page about one mapping of an identity provider."""

    of_provider: ProviderRequest
    mapping: GroupMapping
    group_name: str

    @property
    def url(self) -> str:
        return self.of_provider.url

    @property
    def shown_name(self) -> str:
        return f"{self.mapping.claim_value} \N{RIGHTWARDS ARROW} {self.group_name}"

    @property
    def version(self) -> str:
        return self.of_provider.version


async def get_mapping_request(request: ProviderRequestDep, mapping_id: str) -> MappingRequest:
    """Return the request with its mapping; raise `NotFoundError` if there is none."""
    for mapping in await mappings_of(request):
        if id_of(mapping) == mapping_id:
            return MappingRequest(
                request.browser,
                request.fields,
                request.signed_in,
                request.authority,
                request,
                mapping,
                await group_name(request, mapping.group_id),
            )
    raise NotFoundError


async def _add(request: ProviderRequest, typed: Mapping[str, str]) -> Response:
    value, claim = typed[VALUE.name], typed.get(CLAIM.name) or request.provider.groups_claim
    if not 0 < len(value) <= MAXIMUM_VALUE:
        raise ShowAgainError({VALUE.name: request.text(VALUE.wrong)})
    group = await request.services.accounts.groups.find_by_name(typed[GROUP.name])
    if group is None:
        raise ShowAgainError({GROUP.name: request.text(GROUP.wrong)})
    new = GroupMapping(request.provider.name, value, group.group_id)
    try:
        await _set(request, [*await mappings_of(request), new], claim=claim or USUAL_CLAIM)
    except ConflictError as error:
        if error.detail != Detail.GROUP_IS_ADMINISTRATIVE:
            raise
        raise ShowAgainError({GROUP.name: request.text(error.detail)}, status=409) from None
    return redirect(f"{request.url}?done=added")


async def _remove(request: MappingRequest, _typed: Mapping[str, str]) -> Response:
    provider = request.of_provider
    others = [each for each in await mappings_of(provider) if each != request.mapping]
    await _set(provider, others, claim=provider.provider.groups_claim)
    return redirect(f"{request.url}?done=removed")


async def _set_claim(request: ProviderRequest, typed: Mapping[str, str]) -> Response:
    await _set(request, await mappings_of(request), claim=typed[CLAIM.name] or None)
    return redirect(f"{request.url}?done=saved")


async def _set(
    request: ProviderRequest, mappings: Sequence[GroupMapping], *, claim: str | None
) -> None:
    by_value: dict[str, list[str]] = {}
    for mapping in mappings:
        by_value.setdefault(mapping.claim_value, []).append(mapping.group_id)
    await request.services.federation.group_mappings.set(
        request.provider.name,
        groups_claim=claim,
        mappings=by_value,
        version=request.provider.version,
        authority=request.authority,
    )


def _new_fields(request: ProviderRequest) -> Sequence[Field]:
    """Return the fields of a mapping; with the first one, the claim is chosen."""
    return (VALUE, GROUP) if request.provider.groups_claim is not None else (CLAIM, VALUE, GROUP)


def _new_values(request: ProviderRequest) -> Mapping[str, str]:
    return {} if request.provider.groups_claim is not None else {CLAIM.name: USUAL_CLAIM}


ADD = ObjectForm(
    path=f"{PATH}/{{name}}/mappings/{NEW}",
    request_of=get_provider_request,
    heading=N_("Map a group"),
    introduction=N_("Memberships from the provider are renewed at each sign-in with it."),
    submit=N_("Map group"),
    needs_fresh_sign_in=True,
    fields=_new_fields,
    stored=_new_values,
    run=_add,
)
REMOVE = ObjectForm(
    path=f"{PATH}/{{name}}/mappings/{{mapping_id}}",
    request_of=get_mapping_request,
    heading=N_("Remove this mapping?"),
    introduction=N_(
        "If it is the only one for the group, memberships that the provider gave end immediately."
    ),
    submit=N_("Remove mapping"),
    needs_fresh_sign_in=True,
    is_danger=True,
    run=_remove,
)
SET_CLAIM = ObjectForm(
    path=f"{PATH}/{{name}}/claim",
    request_of=get_provider_request,
    heading=N_("Change the claim with the groups"),
    introduction=N_(
        "Without a claim, the mapping is off: memberships that the provider gave end immediately."
    ),
    submit=N_("Save"),
    needs_fresh_sign_in=True,
    fields=(CLAIM,),
    stored=lambda request: {CLAIM.name: request.provider.groups_claim or ""},
    run=_set_claim,
)
routers = changes, dangerous = form_routers(ADD, REMOVE, SET_CLAIM)
