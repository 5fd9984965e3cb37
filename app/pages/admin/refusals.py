"""`/admin/refusals`: refused requests, the rule that refused each, and how to fix it."""

import re
from collections.abc import Sequence

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep, console_router
from app.pages.admin.navigation import Section, url_of
from app.pages.admin.pages import ConsolePage
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.views import Cell, Fact, Link, Listing, ObjectView, Search, Table
from app.pages.support import redirect
from app.schemas.admin_scopes import AdminScope
from app.services.operations.refusals import ExplainedRefusal

router = console_router()

PLACE = "refusals"
PATH = url_of(PLACE)
SEARCH = "search"
REQUEST_ID = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@router.get(PATH)
async def list_refusals(request: ConsoleRequestDep) -> Response:
    text, search = request.text, request.query(SEARCH)
    if REQUEST_ID.fullmatch(search):
        return redirect(f"{PATH}/{search}")
    refusals = await request.services.operations.activity.refusals.list_page(
        before=request.query(AFTER), limit=PAGE_SIZE + 1
    )
    shown, pager = pages_of(
        request, refusals, position=lambda each: {AFTER: each.refusal.refusal_id}
    )
    listing = Listing(
        heading=text("Refusals"),
        introduction=text("Why requests of apps and users were refused, and how to fix them."),
        search=Search(
            text("Request ID"), search, text("It is on the error page that the user saw.")
        ),
        table=table_of_refusals(request, shown),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


@router.get(f"{PATH}/{{request_id}}")
async def show_refusal(request: ConsoleRequestDep) -> Response:
    text, request_id = request.text, request.path_parameter("request_id")
    explained = await request.services.operations.activity.refusals.get(request_id)
    refusal = explained.refusal
    view = ObjectView(
        title=refusal.request_id,
        back=Link(text("Refusals"), PATH),
        facts=[
            Fact(text("Rule"), Cell(explained.explanation, small=refusal.rule)),
            Fact(text("How to fix it"), Cell(explained.advice)),
            Fact(text("Reason"), Cell(refusal.reason)),
            Fact(text("Error"), Cell(refusal.error, small=str(refusal.status))),
            Fact(text("Request"), Cell(f"{refusal.method} {refusal.path}")),
            Fact(text("Client ID"), client_cell(refusal.client_id)),
            Fact(text("User ID"), _user_cell(refusal.user_id)),
            Fact(text("Network"), Cell(refusal.network)),
            Fact(text("When"), Cell(at=refusal.at)),
            Fact(text("Requests like it"), Cell(str(refusal.count))),
        ],
    )
    return request.console_page("admin_object.html", object=view)


def table_of_refusals(request: ConsoleRequest, refusals: Sequence[ExplainedRefusal]) -> Table:
    text = request.text
    return Table(
        columns=[text("When"), text("Rule"), text("Client ID"), text("Requests")],
        rows=[
            [
                Cell(at=each.refusal.at, url=f"{PATH}/{each.refusal.request_id}"),
                Cell(each.explanation, small=each.refusal.error),
                client_cell(each.refusal.client_id),
                Cell(str(each.refusal.count)),
            ]
            for each in refusals
        ],
        empty=text("Refused requests appear here within a minute, with how to fix them."),
    )


def client_cell(client_id: str | None) -> Cell:
    """Return the ID that a caller sent, which need not be that of a client."""
    return Cell(client_id or "", is_code=client_id is not None)


def _user_cell(user_id: str | None) -> Cell:
    return Cell(user_id, url=f"{url_of('users')}/{user_id}") if user_id is not None else Cell()


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Refusals"),
    section=Section.SERVER,
    scope=AdminScope.REFUSALS_READ,
    routers=(router,),
)
