"""`/admin/attributes`: the definitions of typed attributes of users and groups."""

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin import attribute_changes
from app.pages.admin.attribute_forms import (
    APPLIES_TO,
    EDITABLE_BY,
    PATH,
    PLACE,
    TYPE,
    DefinitionRequestDep,
)
from app.pages.admin.base import NEW, ConsoleRequestDep, console_router
from app.pages.admin.navigation import Section
from app.pages.admin.pages import ConsolePage
from app.pages.admin.views import Cell, Fact, Link, Listing, ObjectView, Table, owner_cell
from app.schemas.admin_scopes import AdminScope

router = console_router()


@router.get(PATH)
async def list_attributes(request: ConsoleRequestDep) -> Response:
    text = request.text
    definitions = await request.services.accounts.attributes.list_all()
    listing = Listing(
        heading=text("Attributes"),
        introduction=text(
            "Attributes are facts about users and groups that apps can receive as claims."
        ),
        links=request.offered(Link(text("Define an attribute"), f"{PATH}/{NEW}", is_main=True)),
        table=Table(
            columns=[text("Name"), text("Type"), text("Of"), text("Set by")],
            rows=[
                [
                    Cell(each.name, url=f"{PATH}/{each.name}", small=each.description),
                    Cell(words=TYPE.label_of(each.type, text)),
                    Cell(words=APPLIES_TO.label_of(each.applies_to, text)),
                    Cell(words=EDITABLE_BY.label_of(each.editable_by, text)),
                ]
                for each in definitions
            ],
            empty=text(
                "Attributes appear here. Define one, such as department, set it for users or "
                "groups, and map it to a claim of an app."
            ),
        ),
    )
    return request.console_page("admin_list.html", listing=listing)


@router.get(f"{PATH}/{{name}}")
async def show_attribute(request: DefinitionRequestDep) -> Response:
    text, definition = request.text, request.definition
    view = ObjectView(
        title=definition.name,
        back=Link(text("Attributes"), PATH),
        links=request.offered(
            Link(text("Edit"), f"{request.url}/edit"),
            Link(text("Delete"), f"{request.url}/delete", is_danger=True),
        ),
        facts=[
            Fact(text("Description"), Cell(definition.description, words=text("None"))),
            Fact(text("Type"), Cell(words=TYPE.label_of(definition.type, text))),
            Fact(text("Of"), Cell(words=APPLIES_TO.label_of(definition.applies_to, text))),
            Fact(
                text("Set by"),
                Cell(words=EDITABLE_BY.label_of(definition.editable_by, text)),
            ),
            Fact(text("Managed by"), owner_cell(definition.owner, text("Administrators"))),
        ],
    )
    return request.console_page("admin_object.html", object=view)


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Attributes"),
    section=Section.PEOPLE,
    scope=AdminScope.POLICIES_READ,
    routers=(*attribute_changes.routers, router),
)
