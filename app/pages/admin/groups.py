"""`/admin/groups`: the list of groups, and one group with its members, roles and attributes."""

import json

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.accounts.groups import Group
from app.pages.admin import group_attributes, group_changes, group_members, group_roles
from app.pages.admin.attribute_views import part_of_attributes
from app.pages.admin.base import NEW, ConsoleRequestDep, console_router
from app.pages.admin.group_forms import PATH, PLACE, SECOND_FACTOR, GroupRequestDep
from app.pages.admin.group_members import part_of_members
from app.pages.admin.navigation import Section
from app.pages.admin.pages import ConsolePage
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.role_views import part_of_roles
from app.pages.admin.views import Cell, Fact, Link, Listing, ObjectView, Table, owner_cell
from app.schemas.admin_scopes import AdminScope

router = console_router()


@router.get(PATH)
async def list_groups(request: ConsoleRequestDep) -> Response:
    text = request.text
    groups = await request.services.accounts.groups.list_page(
        after=request.query(AFTER), limit=PAGE_SIZE + 1
    )
    shown, pager = pages_of(request, groups, position=lambda group: {AFTER: group.name_key})
    listing = Listing(
        heading=text("Groups"),
        introduction=text("Groups give their members roles, and decide which apps they can use."),
        links=request.offered(Link(text("Create a group"), f"{PATH}/{NEW}", is_main=True)),
        table=Table(
            columns=[text("Name"), text("Description"), text("Created")],
            rows=[_row(group) for group in shown],
            empty=text(
                "Groups appear here. Create one, add members, and apps receive it in the claim "
                "groups. The roles of a group apply to all its members."
            ),
        ),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


@router.get(f"{PATH}/{{group_id}}")
async def show_group(request: GroupRequestDep) -> Response:
    text, group, accounts = request.text, request.group, request.services.accounts
    url = request.url
    view = ObjectView(
        title=group.name,
        back=Link(text("Groups"), PATH),
        links=request.offered(
            Link(text("Edit"), f"{url}/edit"),
            Link(text("Delete"), f"{url}/delete", is_danger=True),
        ),
        facts=[
            Fact(text("Description"), Cell(group.description, words=text("None"))),
            Fact(
                text("Second factor at sign-in"),
                Cell(words=SECOND_FACTOR.label_of(group.second_factor or "", text)),
            ),
            Fact(text("Group ID"), Cell(group.group_id, is_code=True)),
            Fact(text("Managed by"), owner_cell(group.owner, text("Administrators"))),
            Fact(text("Created"), Cell(at=group.created_at)),
        ],
        parts=[
            await part_of_members(request),
            part_of_roles(
                request,
                await accounts.role_grants.roles_of_group(group.group_id),
                url=url,
                empty=text(
                    "This group has no roles. A role of a group applies to all its members."
                ),
            ),
            part_of_attributes(request, json.loads(group.attributes), url=url),
        ],
    )
    return request.console_page("admin_object.html", object=view)


def _row(group: Group) -> list[Cell]:
    url = f"{PATH}/{group.group_id}"
    return [Cell(group.name, url=url), Cell(group.description), Cell(at=group.created_at)]


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Groups"),
    section=Section.PEOPLE,
    scope=AdminScope.GROUPS_READ,
    routers=(
        *group_changes.routers,
        *group_members.routers,
        *group_roles.routers,
        *group_attributes.routers,
        router,
    ),
)
