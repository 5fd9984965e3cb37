"""`/admin/roles`: the list of roles, and one role with the users and groups that have it."""

from collections.abc import Sequence

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.accounts.roles import Role
from app.pages.admin import role_changes, role_holders
from app.pages.admin.base import NEW, ConsoleRequest, ConsoleRequestDep, console_router
from app.pages.admin.navigation import Section
from app.pages.admin.pages import ConsolePage
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.role_forms import PATH, PLACE, RoleRequest, RoleRequestDep
from app.pages.admin.role_holders import part_of_holders
from app.pages.admin.role_views import description_cell, name_cell
from app.pages.admin.views import Badge, Cell, Fact, Link, Listing, ObjectView, Table, owner_cell
from app.schemas.admin_scopes import AdminScope

router = console_router()

AFTER_CLIENT = f"{AFTER}_client"


@router.get(PATH)
async def list_roles(request: ConsoleRequestDep) -> Response:
    text = request.text
    roles = await request.services.accounts.roles.list_page(
        after_client=request.query(AFTER_CLIENT),
        after_name=request.query(AFTER),
        limit=PAGE_SIZE + 1,
    )
    shown, pager = pages_of(
        request, roles, position=lambda role: {AFTER_CLIENT: role.client_id, AFTER: role.name}
    )
    listing = Listing(
        heading=text("Roles"),
        introduction=text(
            "Roles are names that apps understand, such as editor. Grant them to users and groups."
        ),
        links=request.offered(Link(text("Create a role"), f"{PATH}/{NEW}", is_main=True)),
        table=Table(
            columns=[text("Name"), text("For"), text("Description")],
            rows=[_row(request, role) for role in shown],
            empty=text("Roles appear here. Create one for what users may do in an app."),
        ),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


@router.get(f"{PATH}/{{role_id}}")
async def show_role(request: RoleRequestDep) -> Response:
    text, role = request.text, request.role
    view = ObjectView(
        title=role.name,
        back=Link(text("Roles"), PATH),
        badges=[Badge(text("console"), "note")] if role.is_reserved else [],
        links=_links(request),
        facts=[
            Fact(text("Description"), description_cell(request, role)),
            Fact(text("For"), Cell(role.client_id, words=text("All apps"))),
            Fact(text("Role ID"), Cell(role.role_id, is_code=True)),
            Fact(text("Managed by"), owner_cell(role.owner, text("Administrators"))),
            Fact(text("Created"), Cell(at=role.created_at)),
        ],
        parts=[await part_of_holders(request)],
    )
    return request.console_page("admin_object.html", object=view)


def _row(request: ConsoleRequest, role: Role) -> list[Cell]:
    return [
        name_cell(request, role),
        Cell(role.client_id, words=request.text("All apps")),
        description_cell(request, role),
    ]


def _links(request: RoleRequest) -> Sequence[Link]:
    if request.role.is_reserved:
        return ()
    return request.offered(
        Link(request.text("Edit"), f"{request.url}/edit"),
        Link(request.text("Delete"), f"{request.url}/delete", is_danger=True),
    )


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Roles"),
    section=Section.PEOPLE,
    scope=AdminScope.ROLES_READ,
    routers=(*role_changes.routers, *role_holders.routers, router),
)
