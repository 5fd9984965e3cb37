"""`/admin/scopes`: the catalogue of scopes, and one scope with its sentences."""

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.oauth.scopes import Scope
from app.pages.admin import scope_changes
from app.pages.admin.base import NEW, ConsoleRequestDep, console_router
from app.pages.admin.navigation import Section
from app.pages.admin.pages import ConsolePage
from app.pages.admin.scope_forms import PATH, PLACE, ScopeRequestDep, url_of_scope
from app.pages.admin.views import Cell, Fact, Link, Listing, ObjectView, Part, Table, owner_cell
from app.schemas.admin_scopes import AdminScope

router = console_router()


@router.get(PATH)
async def list_scopes(request: ConsoleRequestDep) -> Response:
    text = request.text
    scopes = sorted(await request.services.oauth.scopes.list_all(), key=lambda scope: scope.name)
    listing = Listing(
        heading=text("Scopes"),
        introduction=text(
            "Scopes of your own APIs, with what the consent page says about them. The scopes of "
            "this server, such as openid and email, are not listed."
        ),
        links=request.offered(Link(text("Add a scope"), f"{PATH}/{NEW}", is_main=True)),
        table=Table(
            columns=[text("Name"), text("Sentence"), text("Translations")],
            rows=[_row(scope) for scope in scopes],
            empty=text(
                "Scopes appear here. Add one for each thing that apps may do with your API, such "
                "as reports.read, and the consent page explains it in your words."
            ),
        ),
    )
    return request.console_page("admin_list.html", listing=listing)


@router.get(f"{PATH}/{{name}}")
async def show_scope(request: ScopeRequestDep) -> Response:
    text, scope = request.text, request.scope
    view = ObjectView(
        title=scope.name,
        back=Link(text("Scopes"), PATH),
        links=request.offered(
            Link(text("Edit"), f"{request.url}/edit"),
            Link(text("Remove"), f"{request.url}/delete", is_danger=True),
        ),
        facts=[
            Fact(text("Sentence"), Cell(scope.description)),
            Fact(text("Managed by"), owner_cell(scope.owner, text("Administrators"))),
            Fact(text("Created"), Cell(at=scope.created_at)),
        ],
        parts=[
            Part(
                text("Translations"),
                Table(
                    columns=[text("Language"), text("Sentence")],
                    rows=[
                        [Cell(language, is_code=True), Cell(sentence)]
                        for language, sentence in sorted(scope.texts.items())
                    ],
                    empty=text("Without a translation, all users read the sentence above."),
                ),
            )
        ],
    )
    return request.console_page("admin_object.html", object=view)


def _row(scope: Scope) -> list[Cell]:
    return [
        Cell(scope.name, url=url_of_scope(scope.name)),
        Cell(scope.description),
        Cell(", ".join(sorted(scope.texts))),
    ]


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Scopes"),
    section=Section.APPS,
    scope=AdminScope.SCOPES_READ,
    routers=(*scope_changes.routers, router),
)
