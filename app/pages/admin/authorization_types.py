"""`/admin/authorization-types`: types of authorization details, which commands and files change."""

import json
from collections.abc import Sequence

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.oauth.authorization_types import AuthorizationType
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep, console_router
from app.pages.admin.navigation import Section, url_of
from app.pages.admin.pages import ConsolePage
from app.pages.admin.resource_forms import ALL, LISTED
from app.pages.admin.resource_forms import CLIENTS as ACCESS
from app.pages.admin.scope_forms import name_in, part_of_path
from app.pages.admin.views import Cell, Fact, Link, Listing, ObjectView, Part, Table, owner_cell
from app.schemas.admin_scopes import AdminScope

PLACE = "authorization-types"
PATH = url_of(PLACE)
router = console_router()


@router.get(PATH)
async def list_types(request: ConsoleRequestDep) -> Response:
    text = request.text
    listing = Listing(
        heading=text("Authorization details"),
        introduction=text(
            "Types of what apps may ask a user to approve in detail, such as one payment."
        ),
        table=Table(
            columns=[text("Name"), text("Sentence"), text("Clients"), text("Resources")],
            rows=[
                _row(request, each)
                for each in await request.services.oauth.authorization_types.list_all()
            ],
            empty=text(
                "Types appear here. Create one with postern authorization-types create, or with "
                "the admin API."
            ),
        ),
    )
    return request.console_page("admin_list.html", listing=listing)


@router.get(f"{PATH}/{{name}}")
async def show_type(request: ConsoleRequestDep, name: str) -> Response:
    text = request.text
    row = await request.services.oauth.authorization_types.get(name_in(name))
    view = ObjectView(
        title=row.name,
        back=Link(text("Authorization details"), PATH),
        facts=[
            Fact(text("Sentence"), Cell(row.description)),
            Fact(text("Allowed clients"), Cell(words=_access(request, row))),
            Fact(text("Clients"), Cell(", ".join(sorted(row.clients)), words=text("None"))),
            Fact(text("Resources"), Cell(", ".join(sorted(row.resources)), words=text("All"))),
            Fact(text("Managed by"), owner_cell(row.owner, text("Administrators"))),
            Fact(text("Created"), Cell(at=row.created_at)),
        ],
        parts=[_part_of_members(request, row), _part_of_texts(request, row)],
    )
    return request.console_page("admin_object.html", object=view)


def _row(request: ConsoleRequest, row: AuthorizationType) -> Sequence[Cell]:
    return [
        Cell(row.name, url=f"{PATH}/{part_of_path(row.name)}"),
        Cell(row.description),
        Cell(words=_access(request, row)),
        Cell(", ".join(sorted(row.resources)), words=request.text("All")),
    ]


def _access(request: ConsoleRequest, row: AuthorizationType) -> str:
    return ACCESS.label_of(ALL if row.is_open_to_all_clients else LISTED, request.text)


def _part_of_members(request: ConsoleRequest, row: AuthorizationType) -> Part:
    text, required = request.text, row.schema.get("required", ())
    return Part(
        text("Schema"),
        Table(
            columns=[text("Name"), text("Required"), text("Schema")],
            rows=[
                [
                    Cell(name, is_code=True),
                    Cell(words=text("Yes") if name in required else text("No")),
                    Cell(json.dumps(schema, ensure_ascii=False), is_code=True),
                ]
                for name, schema in row.schema.get("properties", {}).items()
            ],
            empty=text("Details of this type have no members."),
        ),
    )


def _part_of_texts(request: ConsoleRequest, row: AuthorizationType) -> Part:
    text = request.text
    return Part(
        text("Translations"),
        Table(
            columns=[text("Language"), text("Sentence")],
            rows=[
                [Cell(language, is_code=True), Cell(sentence)]
                for language, sentence in sorted(row.texts.items())
            ],
            empty=text("Without a translation, all users read the sentence above."),
        ),
    )


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Authorization details"),
    section=Section.APPS,
    scope=AdminScope.RESOURCES_READ,
    routers=(router,),
)
