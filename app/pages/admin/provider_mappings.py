"""`/admin/providers/{name}/mappings`: the groups that an identity provider gives."""

import asyncio
from collections.abc import Sequence
from hashlib import sha256

from starlette.responses import Response

from app.errors import NotFoundError
from app.models.accounts.groups import GroupMapping
from app.pages.admin.base import NEW, console_router
from app.pages.admin.navigation import url_of
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.provider_forms import PATH, ProviderRequest, ProviderRequestDep
from app.pages.admin.views import Cell, Link, Listing, Part, Table

router = console_router()
routers = (router,)

FIRST = 10
"""How many mappings the page of a provider shows."""


async def part_of_mappings(request: ProviderRequest) -> Part:
    """Return the first mappings, for the page of the provider."""
    text, url, mappings = request.text, f"{request.url}/mappings", await mappings_of(request)
    links = [*request.offered(Link(text("Map a group"), f"{url}/{NEW}"))]
    if mappings or request.provider.groups_claim is not None:
        links += request.offered(Link(text("Change the claim"), f"{request.url}/claim"))
    if len(mappings) > FIRST:
        links.append(Link(text("Show all mappings"), url))
    return Part(text("Groups"), await _table(request, mappings[:FIRST]), links=links)


@router.get(f"{PATH}/{{name}}/mappings")
async def list_mappings(request: ProviderRequestDep) -> Response:
    text, mappings, after = request.text, await mappings_of(request), request.query(AFTER)
    ids = [id_of(mapping) for mapping in mappings]
    start = ids.index(after) + 1 if after in ids else 0
    shown, pager = pages_of(
        request,
        mappings[start : start + PAGE_SIZE + 1],
        position=lambda mapping: {AFTER: id_of(mapping)},
    )
    listing = Listing(
        heading=text("Groups from %(name)s") % {"name": request.provider.label},
        links=[
            *request.offered(Link(text("Map a group"), f"{request.path}/{NEW}", is_main=True)),
            Link(text("Back to the identity provider"), request.url),
        ],
        table=await _table(request, shown),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


async def mappings_of(request: ProviderRequest) -> Sequence[GroupMapping]:
    return await request.services.federation.group_mappings.list_of(request.provider.name)


async def _table(request: ProviderRequest, mappings: Sequence[GroupMapping]) -> Table:
    text = request.text
    groups = sorted({mapping.group_id for mapping in mappings})
    found = await asyncio.gather(*(group_name(request, group_id) for group_id in groups))
    names = dict(zip(groups, found, strict=True))
    return Table(
        columns=[text("Value of the claim"), text("Group"), text("Actions")],
        rows=[
            [
                Cell(mapping.claim_value),
                Cell(names[mapping.group_id], url=f"{url_of('groups')}/{mapping.group_id}"),
                Cell(
                    links=request.offered(
                        Link(text("Remove"), f"{request.url}/mappings/{id_of(mapping)}")
                    )
                ),
            ]
            for mapping in mappings
        ],
        empty=text(
            "Users who sign in with this provider get no groups by it. Map a group of the provider "
            "to a group here, and its members join that group at their next sign-in."
        ),
    )


async def group_name(request: ProviderRequest, group_id: str) -> str:
    """Return the name of a group, or its ID if it was deleted meanwhile."""
    try:
        return (await request.services.accounts.groups.get(group_id)).name
    except NotFoundError:
        return group_id


def id_of(mapping: GroupMapping) -> str:
    """Return the ID of a mapping in paths, which a value of a claim cannot be a part of."""
    return sha256(f"{mapping.group_id} {mapping.claim_value}".encode()).hexdigest()[:32]
