"""`/admin/clients/{client_id}/claims`: which claims a client gets, under which names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from app.errors import InvalidInputError, NotFoundError
from app.i18n.messages import N_
from app.pages.admin.base import NEW
from app.pages.admin.client_access import policies_of, set_policies
from app.pages.admin.client_claim_forms import (
    NAME,
    SOURCE,
    fields_of,
    mapping_in,
    shown_source,
    shown_targets,
    values_of,
)
from app.pages.admin.client_forms import (
    PATH,
    ClientRequest,
    ClientRequestDep,
    get_client_request,
)
from app.pages.admin.object_forms import ObjectForm, form_routers
from app.pages.admin.views import Cell, Link, Part, Table
from app.pages.support import ShowAgainError, redirect
from app.schemas.claim_mappings import ClaimMapping
from app.schemas.client_policies import MAXIMUM_MAPPINGS

LONGEST_NUMBER = 3


@dataclass(frozen=True, slots=True)
class ClaimRequest(ClientRequest):
    """A request for a page about one claim mapping: the `place` in the list of the client."""

    place: int

    @property
    def shown_name(self) -> str:
        return self.mapping.name

    @property
    def mapping(self) -> ClaimMapping:
        return policies_of(self).claim_mappings[self.place]


async def get_claim_request(request: ClientRequestDep, number: str) -> ClaimRequest:
    """Return the request with its mapping; raise `NotFoundError` if there is none."""
    is_number = number.isascii() and number.isdecimal() and len(number) <= LONGEST_NUMBER
    if not is_number or not 1 <= int(number) <= len(policies_of(request).claim_mappings):
        raise NotFoundError
    return ClaimRequest(
        request.browser,
        request.fields,
        request.signed_in,
        request.authority,
        request.client,
        int(number) - 1,
    )


def part_of_claims(request: ClientRequest) -> Part:
    text, url = request.text, request.client_url
    return Part(
        text("Claims"),
        Table(
            columns=[text("Claim"), text("Source"), text("Where"), text("Actions")],
            rows=[
                [
                    Cell(mapping.name, is_code=True),
                    shown_source(mapping, text),
                    Cell(words=shown_targets(mapping, text)),
                    Cell(
                        links=request.offered(
                            Link(text("Edit"), f"{url}/claims/{number}"),
                            Link(text("Remove"), f"{url}/remove-claim/{number}"),
                        )
                    ),
                ]
                for number, mapping in enumerate(policies_of(request).claim_mappings, start=1)
            ],
            empty=text(
                "The app gets the standard claims of its scopes, and groups and roles if it has"
                " these scopes. Add a claim to rename or filter groups, or to send an attribute."
            ),
        ),
        links=request.offered(Link(text("Add a claim"), f"{url}/claims/{NEW}")),
    )


async def _add(request: ClientRequest, typed: Mapping[str, str]) -> Response:
    await _set(request, [*policies_of(request).claim_mappings, mapping_in(request, typed)])
    return redirect(f"{request.url}?done=added")


async def _save(request: ClaimRequest, typed: Mapping[str, str]) -> Response:
    mappings = [*policies_of(request).claim_mappings]
    mappings[request.place] = mapping_in(request, typed)
    await _set(request, mappings)
    return redirect(f"{request.url}?done=saved")


async def _remove(request: ClaimRequest, _typed: Mapping[str, str]) -> Response:
    mappings = [*policies_of(request).claim_mappings]
    del mappings[request.place]
    await _set(request, mappings)
    return redirect(f"{request.url}?done=removed")


async def _set(request: ClientRequest, mappings: Sequence[ClaimMapping]) -> None:
    """Store the mappings; show the form again with what is wrong beside its field."""
    text = request.text
    if len(mappings) > MAXIMUM_MAPPINGS:
        raise ShowAgainError({"": text("A client has at most 50 claims. Remove one first.")})
    places = [(each.name, target) for each in mappings for target in each.targets]
    if len(places) > len(set(places)):
        raise ShowAgainError(
            {NAME.name: text("Another claim of this client has this name in the same place.")}
        )
    policies = policies_of(request).model_copy(update={"claim_mappings": tuple(mappings)})
    try:
        await set_policies(request, policies)
    except InvalidInputError as error:
        detail = error.detail_for(text(SOURCE.label), text)
        raise ShowAgainError({SOURCE.name: detail}, status=error.status) from None


ADD = ObjectForm(
    path=f"{PATH}/{{client_id}}/claims/{NEW}",
    request_of=get_client_request,
    heading=N_("Add a claim"),
    submit=N_("Save"),
    needs_fresh_sign_in=False,
    fields=fields_of,
    run=_add,
)
EDIT = ObjectForm(
    path=f"{PATH}/{{client_id}}/claims/{{number}}",
    request_of=get_claim_request,
    heading=N_("Edit claim"),
    submit=N_("Save"),
    needs_fresh_sign_in=False,
    fields=lambda request: fields_of(request, request.mapping.source),
    stored=lambda request: values_of(request.mapping),
    run=_save,
)
REMOVE = ObjectForm(
    path=f"{PATH}/{{client_id}}/remove-claim/{{number}}",
    request_of=get_claim_request,
    heading=N_("Remove this claim?"),
    introduction=N_("The app no longer gets it in the tokens issued from now on."),
    submit=N_("Remove claim"),
    needs_fresh_sign_in=False,
    is_danger=True,
    run=_remove,
)
routers = form_routers(ADD, EDIT, REMOVE)
