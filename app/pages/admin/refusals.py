"""`/admin/refusals`: refused requests, the rule that refused each, and how to fix it."""

import re
from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep, console_router
from app.pages.admin.filters import SINCE, UNTIL, USER, selection_in, shown_filter
from app.pages.admin.forms import Field, Option
from app.pages.admin.navigation import Section, url_of
from app.pages.admin.pages import ConsolePage
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.views import Cell, Fact, Link, Listing, ObjectView, Search, Table, user_cell
from app.pages.support import redirect
from app.schemas.admin_scopes import AdminScope
from app.services.operations.refusal_rules.catalogue import BY_CODE
from app.services.operations.refusals import ExplainedRefusal

router = console_router()

PLACE = "refusals"
PATH = url_of(PLACE)
SEARCH = "search"
ANY_RULE = Option("", N_("Any"))
RULE = Field("rule", N_("Rule"), wrong=N_("Choose one of the values."), kind="select")
CLIENT = Field("client", N_("Client ID"), maximum=255)
NETWORK = Field("network", N_("Network"), maximum=64, placeholder="203.0.113.0/24")
REQUEST_ID = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@router.get(PATH)
async def list_refusals(request: ConsoleRequestDep) -> Response:
    text, search = request.text, request.query(SEARCH)
    if REQUEST_ID.fullmatch(search):
        return redirect(f"{PATH}/{search}")
    selection = await selection_in(request, _filter(request))
    refusals = (
        []
        if selection.errors
        else await request.services.operations.activity.refusals.list_page(
            client_id=selection.value(CLIENT),
            user_id=selection.user_id,
            network=selection.value(NETWORK),
            rule=selection.value(RULE),
            since=selection.since,
            until=selection.until,
            before=request.query(AFTER),
            limit=PAGE_SIZE + 1,
        )
    )
    shown, pager = pages_of(
        request,
        refusals,
        position=lambda each: {AFTER: each.refusal.refusal_id},
        keeps=selection.query,
    )
    listing = Listing(
        heading=text("Refusals"),
        introduction=text("Why requests of apps and users were refused, and how to fix them."),
        search=Search(
            text("Request ID"), search, text("It is on the error page that the user saw.")
        ),
        filter=shown_filter(request, selection),
        table=table_of_refusals(request, shown, is_filtered=bool(selection.query)),
        pager=pager,
    )
    return request.console_page("admin_list.html", selection.errors, listing=listing, action=PATH)


@router.get(f"{PATH}/{{request_id}}")
async def show_refusal(request: ConsoleRequestDep) -> Response:
    text, request_id = request.text, request.path_parameter("request_id")
    explained = await request.services.operations.activity.refusals.get(request_id)
    refusal = explained.refusal
    view = ObjectView(
        title=refusal.request_id,
        back=Link(text("Refusals"), PATH),
        facts=[
            Fact(text("Rule"), Cell(words=text(explained.explanation), small=refusal.rule)),
            Fact(text("How to fix it"), Cell(explained.advice_in(text))),
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


def table_of_refusals(
    request: ConsoleRequest, refusals: Sequence[ExplainedRefusal], *, is_filtered: bool
) -> Table:
    text = request.text
    return Table(
        columns=[text("When"), text("Rule"), text("Client ID"), text("Requests")],
        rows=[
            [
                Cell(at=each.refusal.at, url=f"{PATH}/{each.refusal.request_id}"),
                Cell(words=text(each.explanation), small=each.refusal.error),
                client_cell(each.refusal.client_id),
                Cell(str(each.refusal.count)),
            ]
            for each in refusals
        ],
        empty=(
            text("No refusal matches. Change the filter, or remove it.")
            if is_filtered
            else text("Refused requests appear here within a minute, with how to fix them.")
        ),
    )


def _filter(request: ConsoleRequest) -> Sequence[Field]:
    """Return the fields of the filter, with the rules in the order of the page's language."""
    by_text = sorted(BY_CODE.values(), key=lambda rule: request.text(rule.explanation).casefold())
    rules = [Option(rule.code, rule.explanation) for rule in by_text]
    return (replace(RULE, options=(ANY_RULE, *rules)), CLIENT, USER, NETWORK, SINCE, UNTIL)


def client_cell(client_id: str | None) -> Cell:
    """Return the ID that a caller sent, which need not be that of a client."""
    return Cell(client_id or "", is_code=client_id is not None)


def _user_cell(user_id: str | None) -> Cell:
    return user_cell(user_id, user_id) if user_id is not None else Cell()


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Refusals"),
    section=Section.SERVER,
    scope=AdminScope.REFUSALS_READ,
    routers=(router,),
)
