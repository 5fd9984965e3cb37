"""`/admin/roles/{role_id}/holders`: the users and groups that have a role, and granting it."""

import asyncio
from collections.abc import Mapping, Sequence

from starlette.responses import Response

from app.errors import NotFoundError
from app.i18n.messages import N_
from app.models.accounts.roles import USER_PREFIX, RoleGrant
from app.pages.admin.base import NEW, console_router
from app.pages.admin.forms import Field, Option
from app.pages.admin.navigation import url_of
from app.pages.admin.object_forms import ObjectForm, form_routers
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.role_forms import PATH, RoleRequest, RoleRequestDep, get_role_request
from app.pages.admin.views import Cell, Link, Listing, Part, Table
from app.pages.support import ShowAgainError, redirect

router = console_router()

FIRST = 10
"""How many holders the page of a role shows."""
KIND = Field(
    "kind",
    N_("Grant it to"),
    kind="select",
    options=(Option("user", N_("a user")), Option("group", N_("a group, for all its members"))),
    is_required=True,
)
NAME = Field("name", N_("Username, or name of the group"), is_required=True, maximum=128)
FIELDS = (KIND, NAME)


async def part_of_holders(request: RoleRequest) -> Part:
    """Return the first holders, for the page of the role."""
    text, url = request.text, f"{request.url}/holders"
    grants = await request.services.accounts.role_grants.list_of_role(
        request.role.role_id, limit=FIRST + 1
    )
    links = [*request.offered(Link(text("Grant this role"), f"{url}/{NEW}"))]
    if len(grants) > FIRST:
        links.append(Link(text("Show all"), url))
    return Part(
        text("Users and groups with this role"), await _table(request, grants[:FIRST]), links=links
    )


@router.get(f"{PATH}/{{role_id}}/holders")
async def list_holders(request: RoleRequestDep) -> Response:
    grants = await request.services.accounts.role_grants.list_of_role(
        request.role.role_id, after=request.query(AFTER), limit=PAGE_SIZE + 1
    )
    shown, pager = pages_of(request, grants, position=lambda grant: {AFTER: grant.subject})
    listing = Listing(
        heading=request.text("Users and groups with the role %(name)s")
        % {"name": request.role.name},
        links=[Link(request.text("Back to the role"), request.url)],
        table=await _table(request, shown),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


async def _grant(request: RoleRequest, typed: Mapping[str, str]) -> Response:
    name, accounts = typed[NAME.name], request.services.accounts
    if typed[KIND.name] == "group":
        group = await accounts.groups.find_by_name(name)
        if group is None:
            raise ShowAgainError({NAME.name: request.text("There is no group with that name.")})
        await accounts.role_grants.grant_to_group(
            request.role.role_id, group.group_id, authority=request.authority
        )
    else:
        await accounts.role_grants.grant_to_user(
            request.role.role_id, await _user_id(request, name), authority=request.authority
        )
    return redirect(f"{request.url}?done=added")


GRANT = ObjectForm(
    path=f"{PATH}/{{role_id}}/holders/{NEW}",
    request_of=get_role_request,
    heading=N_("Grant this role"),
    submit=N_("Grant role"),
    needs_fresh_sign_in=True,
    is_versioned=False,
    fields=FIELDS,
    run=_grant,
)
routers = (*form_routers(GRANT), router)


async def _user_id(request: RoleRequest, name: str) -> str:
    try:
        return (await request.services.accounts.users.get(name)).user_id
    except NotFoundError as error:
        raise ShowAgainError({NAME.name: request.text(error.detail)}) from None


async def _table(request: RoleRequest, grants: Sequence[RoleGrant]) -> Table:
    text = request.text
    names = await asyncio.gather(*(_holder(request, grant.subject) for grant in grants))
    return Table(
        columns=[text("Name"), text("Kind"), text("Granted"), text("Actions")],
        rows=[
            [
                Cell(name, url=url),
                Cell(words=text("User") if is_user else text("Group")),
                Cell(at=grant.granted_at),
                Cell(links=_links(request, f"{url}/roles/{grant.role_id}")),
            ]
            for grant, (name, url, is_user) in zip(grants, names, strict=True)
        ],
        empty=text("No one has this role. Grant it to a user, or to a group for all its members."),
    )


async def _holder(request: RoleRequest, subject: str) -> tuple[str, str, bool]:
    """Return the name and the page of a subject, and whether it is a user."""
    identifier = subject.partition(":")[2]
    is_user = subject.startswith(USER_PREFIX)
    url = f"{url_of('users' if is_user else 'groups')}/{identifier}"
    if is_user:
        user = await request.services.accounts.users.find(identifier)
        return (user.username if user is not None else identifier), url, True
    return (await request.services.accounts.groups.get(identifier)).name, url, False


def _links(request: RoleRequest, url: str) -> Sequence[Link]:
    return request.offered(Link(request.text("Take away"), url))
