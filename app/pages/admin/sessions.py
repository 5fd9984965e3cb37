"""`/admin/sessions`: all sessions in which users are signed in, and ending one of them."""

from datetime import UTC, datetime

from starlette.responses import Response

from app.details import Detail
from app.errors import NotFoundError
from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep, changes_router, console_router
from app.pages.admin.filters import SINCE, USER, selection_in, shown_filter
from app.pages.admin.forms import Field, form_page, shown_in_form
from app.pages.admin.navigation import Section, url_of
from app.pages.admin.pages import ConsolePage
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.session_views import browser_cell, form_to_end
from app.pages.admin.views import Cell, Link, Listing, Table, user_cell
from app.pages.support import Errors, redirect, shows_again
from app.schemas.admin_scopes import AdminScope
from app.services.accounts.sessions import BEFORE_ALL, SessionOfUser, SessionPosition, SignedIn

router, changes = console_router(), changes_router()

PLACE = "sessions"
PATH = url_of(PLACE)
AFTER_ID = f"{AFTER}_id"
SIGNED_IN_SINCE = Field(
    SINCE.name,
    N_("Signed in since"),
    wrong=SINCE.wrong,
    kind=SINCE.kind,
    maximum=SINCE.maximum,
)
FILTER = (USER, SIGNED_IN_SINCE)


@router.get(PATH)
async def list_sessions(request: ConsoleRequestDep) -> Response:
    text, selection = request.text, await selection_in(request, FILTER)
    sessions = (
        []
        if selection.errors
        else await request.services.accounts.sessions.list_page(
            user_id=selection.user_id,
            since=selection.since,
            after=_last_session(request),
            limit=PAGE_SIZE + 1,
        )
    )
    shown, pager = pages_of(
        request,
        sessions,
        position=lambda each: {
            AFTER: each.session.auth_time.isoformat(),
            AFTER_ID: each.session.session_id,
        },
        keeps=selection.query,
    )
    listing = Listing(
        heading=text("Sessions"),
        introduction=text("Browsers in which users are signed in, the newest sign-in first."),
        filter=shown_filter(request, selection),
        table=Table(
            columns=[
                *(text("Username"), text("Browser"), text("Address"), text("Signed in")),
                *(text("Last seen"), text("Actions")),
            ],
            rows=[_row(request, each) for each in shown],
            empty=(
                text("No session matches. Change the filter, or remove it.")
                if selection.query
                else text("Sessions appear here when users sign in.")
            ),
        ),
        pager=pager,
    )
    return request.console_page("admin_list.html", selection.errors, listing=listing, action=PATH)


async def end_page(request: ConsoleRequest, errors: Errors | None = None) -> Response:
    form = form_to_end(request, (await _session(request)).user, cancel_url=PATH)
    return form_page(request, form, errors)


@changes.get(f"{PATH}/{{session_id}}")
async def confirm_ending(request: ConsoleRequestDep) -> Response:
    return await end_page(request)


@changes.post(f"{PATH}/{{session_id}}")
@shows_again(end_page)
async def end_session(request: ConsoleRequestDep) -> Response:
    request.check()
    session_id = (await _session(request)).session.session_id
    with shown_in_form(request):
        await request.services.accounts.administration.users.end_session(
            session_id, authority=request.authority
        )
    return redirect(f"{PATH}?done=removed")


async def _session(request: ConsoleRequest) -> SignedIn:
    """Return the session in the path; raise `NotFoundError` if it is unknown or has ended."""
    session_id = request.path_parameter("session_id")
    signed_in = await request.services.accounts.sessions.find_by_id(session_id)
    if signed_in is None:
        raise NotFoundError(Detail.SESSION_UNKNOWN)
    return signed_in


def _row(request: ConsoleRequest, each: SessionOfUser) -> list[Cell]:
    session = each.session
    return [
        user_cell(each.username, session.user_id),
        browser_cell(request, session),
        Cell(session.address),
        Cell(at=session.auth_time),
        Cell(at=session.last_seen_at),
        Cell(
            links=request.offered(Link(request.text("End"), f"{PATH}/{session.session_id}")),
        ),
    ]


def _last_session(request: ConsoleRequest) -> SessionPosition:
    """Return the position of the last session of the page before."""
    try:
        auth_time = datetime.fromisoformat(request.query(AFTER))
        return SessionPosition(auth_time.astimezone(UTC), request.query(AFTER_ID))
    except (ValueError, OverflowError):
        return BEFORE_ALL


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Sessions"),
    section=Section.PEOPLE,
    scope=AdminScope.SESSIONS_READ,
    routers=(router, changes),
)
