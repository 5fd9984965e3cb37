"""`/admin/refusals`: refused requests, the rule that refused each, and how to fix it."""

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep, console_router
from app.pages.admin.navigation import Section, url_of
from app.pages.admin.pages import ConsolePage
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.views import Cell, Fact, Link, Listing, ObjectView, Search, Table
from app.pages.support import redirect
from app.schemas.admin_scopes import AdminScope
from app.security.text import is_path_segment
from app.services.operations.refusals import ExplainedRefusal

router = console_router()

PLACE = "refusals"
PATH = url_of(PLACE)
SEARCH, CLIENT, RULE = "search", "client_id", "error"


@router.get(PATH)
async def list_refusals(request: ConsoleRequestDep) -> Response:
    text, search = request.text, request.query(SEARCH)
    if search:
        return await _found(request, search)
    refusals = await request.services.operations.activity.refusals.list_page(
        client_id=request.query(CLIENT) or None,
        error=request.query(RULE) or None,
        before=request.query(AFTER),
        limit=PAGE_SIZE + 1,
    )
    shown, pager = pages_of(
        request,
        refusals,
        position=lambda each: {AFTER: each.refusal.refusal_id},
        keeps={name: request.query(name) for name in (CLIENT, RULE)},
    )
    listing = Listing(
        heading=text("Refusals"),
        search=_search(request, ""),
        table=table_of_refusals(request, shown),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)
