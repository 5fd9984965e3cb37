"""`/admin/clients/{client_id}/claims`: which claims a client gets, under which names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from app.errors import InvalidInputError, NotFoundError
from app.pages.admin.base import NEW, changes_router
from app.pages.admin.client_access import policies_of
from app.pages.admin.client_claim_forms import (
    FIELDS,
    NAME,
    SOURCE,
    fields_of,
    mapping_in,
    shown_source,
    shown_targets,
    values_of,
)
from app.pages.admin.client_forms import PATH, ClientRequest, ClientRequestDep
from app.pages.admin.forms import FormView, form_page, require_current, shown_in_form, typed_in
from app.pages.admin.views import Cell, Link, Part, Table
from app.pages.support import Errors, ShowAgainError, redirect, shows_again
from app.schemas.claim_mappings import ClaimMapping
from app.schemas.client_policies import MAXIMUM_MAPPINGS

changes = changes_router()
routers = (changes,)

LONGEST_NUMBER = 3


@dataclass(frozen=True, slots=True)
class ClaimRequest(ClientRequest):
    """A request for a page about one claim mapping: the `place` in the list of the client."""

    place: int

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


ClaimRequestDep = Annotated[ClaimRequest, Depends(get_claim_request)]


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


async def new_claim_page(request: ClientRequest, errors: Errors | None = None) -> Response:
    return await _form(request, request.text("Add a claim"), {}, errors)


@changes.get(f"{PATH}/{{client_id}}/claims/{NEW}")
async def new_claim(request: ClientRequestDep) -> Response:
    return await new_claim_page(request)


@changes.post(f"{PATH}/{{client_id}}/claims/{NEW}")
@shows_again(new_claim_page)
async def add_claim(request: ClientRequestDep) -> Response:
    request.check(*(field.name for field in FIELDS))
    require_current(request, request.client.version)
    await _set(request, [*policies_of(request).claim_mappings, mapping_in(request)])
    return redirect(f"{request.client_url}?done=added")


async def claim_page(request: ClaimRequest, errors: Errors | None = None) -> Response:
    return await _form(request, request.text("Edit claim"), values_of(request.mapping), errors)


@changes.get(f"{PATH}/{{client_id}}/claims/{{number}}")
async def edit_claim(request: ClaimRequestDep) -> Response:
    return await claim_page(request)


@changes.post(f"{PATH}/{{client_id}}/claims/{{number}}")
@shows_again(claim_page)
async def save_claim(request: ClaimRequestDep) -> Response:
    request.check(*(field.name for field in FIELDS))
    stored, typed = values_of(request.mapping), typed_in(request, FIELDS)
    require_current(request, request.client.version, typed=typed, stored=stored)
    mappings = [*policies_of(request).claim_mappings]
    mappings[request.place] = mapping_in(request)
    await _set(request, mappings)
    return redirect(f"{request.client_url}?done=saved")


async def removal_page(request: ClaimRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Remove this claim?"),
        object_name=request.mapping.name,
        introduction=request.text("The app no longer gets it in the tokens issued from now on."),
        fields=(),
        values={},
        submit=request.text("Remove claim"),
        cancel_url=request.client_url,
        version=str(request.client.version),
        is_danger=True,
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{client_id}}/remove-claim/{{number}}")
async def confirm_removal(request: ClaimRequestDep) -> Response:
    return await removal_page(request)


@changes.post(f"{PATH}/{{client_id}}/remove-claim/{{number}}")
@shows_again(removal_page)
async def remove_claim(request: ClaimRequestDep) -> Response:
    request.check()
    require_current(request, request.client.version)
    mappings = [*policies_of(request).claim_mappings]
    del mappings[request.place]
    await _set(request, mappings)
    return redirect(f"{request.client_url}?done=removed")


async def _form(
    request: ClientRequest, heading: str, stored: dict[str, str], errors: Errors | None
) -> Response:
    form = FormView(
        heading=heading,
        object_name=request.shown_name,
        fields=await fields_of(request, stored.get(SOURCE.name, "")),
        values=typed_in(request, FIELDS) if request.is_form else stored,
        submit=request.text("Save"),
        cancel_url=request.client_url,
        version=str(request.client.version),
    )
    return form_page(request, form, errors)


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
    with shown_in_form(request):
        try:
            await request.services.clients.policies.set(
                request.client.client_id,
                policies,
                version=request.client.version,
                authority=request.authority,
            )
        except InvalidInputError as error:
            detail = error.detail_for(text(SOURCE.label), text)
            raise ShowAgainError({SOURCE.name: detail}, status=error.status) from None
