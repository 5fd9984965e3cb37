"""`/admin/groups/{group_id}/members`: the members of a group, added and removed one by one."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from app.details import Detail
from app.errors import NotFoundError
from app.i18n.messages import N_
from app.models.accounts.groups import MANUAL
from app.models.accounts.users import User
from app.pages.admin.base import NEW, changes_router, console_router
from app.pages.admin.forms import Field, FormView, form_page, shown_in_form, typed_in
from app.pages.admin.group_forms import PATH, GroupRequest, GroupRequestDep
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.views import Cell, Link, Listing, Part, Search, Table, user_cell
from app.pages.support import Errors, ShowAgainError, redirect, shows_again

router, changes = console_router(), changes_router()
routers = (router, changes)

FIRST = 10
"""How many members the page of a group shows."""
USERNAME = Field("username", N_("Username"), is_required=True, maximum=64)


async def part_of_members(request: GroupRequest) -> Part:
    """Return the first members, for the page of the group."""
    text, url = request.text, f"{request.url}/members"
    users = await _users(request, limit=FIRST + 1)
    links = [*request.offered(Link(text("Add a member"), f"{url}/{NEW}"))]
    if len(users) > FIRST:
        links.append(Link(text("Show all members"), url))
    return Part(text("Members"), await _table(request, users[:FIRST], limit=FIRST), links=links)


@router.get(f"{PATH}/{{group_id}}/members")
async def list_members(request: GroupRequestDep) -> Response:
    text, search, after = request.text, request.query("search"), request.query(AFTER)
    users = await _users(request, search, after=after, limit=PAGE_SIZE + 1)
    shown, pager = pages_of(
        request, users, position=lambda user: {AFTER: user.user_id}, keeps={"search": search}
    )
    listing = Listing(
        heading=text("Members of %(name)s") % {"name": request.group.name},
        links=[
            *request.offered(Link(text("Add a member"), f"{request.path}/{NEW}", is_main=True)),
            Link(text("Back to the group"), request.url),
        ],
        search=Search(text("Find members"), search),
        table=await _table(request, shown, after=after),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


async def add_page(request: GroupRequest, errors: Errors | None = None) -> Response:
    form = FormView(
        heading=request.text("Add a member"),
        object_name=request.group.name,
        fields=[USERNAME.in_language(request.text)],
        values=typed_in(request, [USERNAME]) if request.is_form else {},
        submit=request.text("Add member"),
        cancel_url=request.url,
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{group_id}}/members/{NEW}")
async def new_member(request: GroupRequestDep) -> Response:
    return await add_page(request)


@changes.post(f"{PATH}/{{group_id}}/members/{NEW}")
@shows_again(add_page)
async def add_member(request: GroupRequestDep) -> Response:
    request.check(USERNAME.name)
    accounts = request.services.accounts
    try:
        user = await accounts.users.get(request.fields.get(USERNAME.name, "").strip())
    except NotFoundError:
        wrong = request.text("There is no user with that name.")
        raise ShowAgainError({USERNAME.name: wrong}) from None
    with shown_in_form(request):
        await accounts.groups.add_member(
            request.group.group_id, user.user_id, authority=request.authority
        )
    return redirect(f"{request.url}?done=added")


async def remove_page(request: GroupRequest, errors: Errors | None = None) -> Response:
    member = await _member(request)
    form = FormView(
        heading=request.text("Remove this member?"),
        object_name=member.username,
        introduction=request.text(
            "The user loses the roles and the access to apps that they have through the group "
            "%(name)s."
        )
        % {"name": request.group.name},
        fields=(),
        values={},
        submit=request.text("Remove member"),
        cancel_url=request.url,
        is_danger=True,
    )
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{group_id}}/members/{{user_id}}")
async def confirm_removal(request: GroupRequestDep) -> Response:
    return await remove_page(request)


@changes.post(f"{PATH}/{{group_id}}/members/{{user_id}}")
@shows_again(remove_page)
async def remove_member(request: GroupRequestDep) -> Response:
    request.check()
    member = await _member(request)
    with shown_in_form(request):
        await request.services.accounts.groups.remove_member(
            request.group.group_id, member.user_id, authority=request.authority
        )
    return redirect(f"{request.url}?done=removed")


async def _users(
    request: GroupRequest, search: str = "", *, after: str = "", limit: int
) -> Sequence[User]:
    return await request.services.accounts.user_search.list_of_group(
        request.group.group_id, search, after=after, limit=limit
    )


async def _table(
    request: GroupRequest, users: Sequence[User], *, after: str = "", limit: int = PAGE_SIZE
) -> Table:
    text, sources = request.text, await _sources(request, after=after, limit=limit)
    return Table(
        columns=[text("User"), text("Email"), text("Given by"), text("Actions")],
        rows=[
            [
                user_cell(user.username, user.user_id),
                Cell(user.standard_claims.email or ""),
                Cell(sources.get(user.user_id, ""), words=text("Administrators")),
                Cell(links=_links(request, user)),
            ]
            for user in users
        ],
        empty=text("Members appear here. They get the roles of the group, and the apps it opens."),
    )


async def _sources(request: GroupRequest, *, after: str, limit: int) -> Mapping[str, str]:
    """Return the identity providers that give the memberships of a page, by user."""
    memberships = await request.services.accounts.groups.members(
        request.group.group_id, after=after, limit=limit
    )
    return {each.user_id: each.source for each in memberships if each.source != MANUAL}


def _links(request: GroupRequest, user: User) -> Sequence[Link]:
    url = f"{request.url}/members/{user.user_id}"
    return request.offered(Link(request.text("Remove"), url))


async def _member(request: GroupRequest) -> User:
    user = await request.services.accounts.users.find(request.path_parameter("user_id"))
    if user is None:
        raise NotFoundError(Detail.USER_UNKNOWN)
    return user
