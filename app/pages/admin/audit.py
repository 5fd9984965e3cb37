"""`/admin/audit`: the audit log, with a filter and as CSV, and one event."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.responses import Response

from app.details import Detail
from app.errors import NotFoundError
from app.i18n.messages import N_
from app.pages.admin.audit_csv import csv_of
from app.pages.admin.audit_details import parts_of_event
from app.pages.admin.audit_views import (
    PATH,
    about_cell,
    action_cell,
    actor_cell,
    names_in,
    table_of_events,
)
from app.pages.admin.base import ConsoleRequestDep, console_router
from app.pages.admin.filters import SINCE, UNTIL, USER, Selection, selection_in, shown_filter
from app.pages.admin.forms import Field
from app.pages.admin.navigation import Section
from app.pages.admin.pages import ConsolePage
from app.pages.admin.paging import PAGE_SIZE, pages_of
from app.pages.admin.views import Cell, Fact, Link, Listing, ObjectView
from app.repositories.operations.audit_events import Wanted
from app.schemas.admin_scopes import AdminScope

router = console_router()

PLACE = "audit"
CSV = f"{PATH}/events.csv"
AFTER_EVENT = "after_event"
"""The number of the last event of the page before, which is older on the next page."""
LONGEST_NUMBER = 18
ACTION = Field("action", N_("Event begins with"), maximum=60, placeholder="sign_in")
FILTER = (USER, ACTION, SINCE, UNTIL)


@router.get(PATH)
async def list_events(request: ConsoleRequestDep) -> Response:
    text, selection = request.text, await selection_in(request, FILTER)
    before = _number(request.query(AFTER_EVENT))
    events = (
        []
        if selection.errors
        else await request.services.core.audit.list_newest(
            _wanted(selection), before=before, limit=PAGE_SIZE + 1
        )
    )
    shown, pager = pages_of(
        request,
        events,
        position=lambda event: {AFTER_EVENT: str(event.sequence)},
        keeps=selection.query,
    )
    empty = (
        text("No event matches. Change the filter, or remove it.")
        if selection.query
        else text("Sign-ins, changes and refusals appear here as they happen.")
    )
    listing = Listing(
        heading=text("Audit log"),
        links=[Link(text("Download as CSV"), _with_query(CSV, selection.query))],
        filter=shown_filter(request, selection),
        table=await table_of_events(request, shown, empty=empty),
        pager=pager,
    )
    return request.console_page("admin_list.html", selection.errors, listing=listing, action=PATH)


@router.get(CSV)
async def download_events(request: ConsoleRequestDep) -> Response:
    """Return the newest events of the filter as CSV."""
    selection = await selection_in(request, FILTER)
    if selection.errors:
        return await list_events(request)
    headers = {
        "Content-Disposition": 'attachment; filename="audit.csv"',
        "Cache-Control": "no-store",
    }
    content = await csv_of(
        request.services.core.audit, request.services.clients.agents, _wanted(selection)
    )
    return Response(content, media_type="text/csv", headers=headers)


@router.get(f"{PATH}/{{sequence}}")
async def show_event(request: ConsoleRequestDep) -> Response:
    text, sequence = request.text, _number(request.path_parameter("sequence"))
    event = await request.services.core.audit.find(sequence) if sequence is not None else None
    if event is None:
        raise NotFoundError(Detail.EVENT_UNKNOWN)
    names = await names_in(request, [event])
    view = ObjectView(
        title=text("Event %(number)s") % {"number": event.sequence},
        back=Link(text("Audit log"), PATH),
        facts=[
            Fact(text("Event"), action_cell(request, event)),
            Fact(text("When"), Cell(at=event.at)),
            Fact(text("By"), actor_cell(request, event, names)),
            Fact(text("About"), about_cell(event, names)),
            Fact(text("Address"), Cell(event.address, words=text("this server"))),
            Fact(text("Request ID"), Cell(event.request_id, words=text("None"))),
        ],
        parts=parts_of_event(request, event, names.naming),
    )
    return request.console_page("admin_object.html", object=view)


def _wanted(selection: Selection) -> Wanted:
    return Wanted(
        user_id=selection.user_id,
        since=selection.since,
        until=selection.until,
        action=selection.value(ACTION),
    )


def _number(text: str) -> int | None:
    """Return the number of an event, or None for any other text."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
    return int(text) if is_number else None


def _with_query(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Audit log"),
    section=Section.SERVER,
    scope=AdminScope.AUDIT_READ,
    routers=(router,),
)
