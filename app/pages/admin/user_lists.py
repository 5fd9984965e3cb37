"""`/admin/users`: all users, those that a search finds, and those who have not signed in lately."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from app.models.accounts.users import User
from app.pages.admin.base import NEW, ConsoleRequest, ConsoleRequestDep, console_router
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.user_forms import INVITE, PATH
from app.pages.admin.views import Badge, Cell, Choice, Link, Listing, Pager, Search, Table
from app.repositories.accounts.user_search import InactivePosition, Position

router = console_router()

AFTER_ID = f"{AFTER}_id"
SEARCH, INACTIVE = "search", "inactive"
INACTIVE_DAYS = ("30", "90", "365")
LIMIT = PAGE_SIZE + 1


@router.get(PATH)
async def list_users(request: ConsoleRequestDep) -> Response:
    text, search = request.text, request.query(SEARCH)
    days = request.query(INACTIVE) if not search else ""
    if search:
        users, pager = await _found(request, search)
    elif days in INACTIVE_DAYS:
        users, pager = await _inactive(request, days)
    else:
        users, pager = await _all(request)
    listing = Listing(
        heading=text("Users"),
        links=request.offered(
            Link(text("Create a user"), f"{PATH}/{NEW}"),
            Link(text("Invite a user"), f"{PATH}/{INVITE}", is_main=True),
        ),
        search=Search(
            text("Find users"),
            search,
            text("Beginnings of the username, the email address or words of the name."),
        ),
        choices=_choices(request, "" if search else days, is_search=bool(search)),
        table=await _table(request, users, is_filtered=bool(search or days)),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


async def _all(request: ConsoleRequest) -> tuple[Sequence[User], Pager]:
    users = await request.services.accounts.users.list_page(after=request.query(AFTER), limit=LIMIT)
    return pages_of(request, users, position=lambda user: {AFTER: user.username_key})


async def _found(request: ConsoleRequest, search: str) -> tuple[Sequence[User], Pager]:
    after = None
    if request.query(AFTER_ID):
        after = Position(request.query(AFTER), request.query(AFTER_ID))
    found = await request.services.accounts.user_search.find(search, after=after, limit=LIMIT)
    shown, pager = pages_of(
        request,
        found,
        position=lambda each: {AFTER: each[1].value, AFTER_ID: each[1].user_id},
        keeps={SEARCH: search},
    )
    return [user for user, _ in shown], pager


async def _inactive(request: ConsoleRequest, days: str) -> tuple[Sequence[User], Pager]:
    since = request.services.core.clock.now() - timedelta(days=int(days))
    found = await request.services.accounts.user_search.list_inactive(
        since=since, after=_last_inactive(request), limit=LIMIT
    )
    shown, pager = pages_of(
        request,
        found,
        position=lambda each: {
            AFTER: each.inactive_since.isoformat(),
            AFTER_ID: each.user.user_id,
        },
        keeps={INACTIVE: days},
    )
    return [each.user for each in shown], pager


def _last_inactive(request: ConsoleRequest) -> InactivePosition | None:
    """Return the position of the last user of the page before, or None for the first page."""
    try:
        inactive_since = datetime.fromisoformat(request.query(AFTER))
    except ValueError:
        return None
    return InactivePosition(inactive_since.astimezone(UTC), request.query(AFTER_ID))


def _choices(request: ConsoleRequest, days: str, *, is_search: bool) -> Sequence[Choice]:
    text = request.text
    labels = {
        "30": text("Not signed in for 30 days"),
        "90": text("Not signed in for 90 days"),
        "365": text("Not signed in for a year"),
    }
    return [
        Choice(text("All"), PATH, is_current=not (days or is_search)),
        *(
            Choice(label, f"{PATH}?{INACTIVE}={each}", is_current=days == each)
            for each, label in labels.items()
        ),
    ]


async def _table(request: ConsoleRequest, users: Sequence[User], *, is_filtered: bool) -> Table:
    text = request.text
    last_sign_ins = await request.services.accounts.user_search.last_sign_ins(
        [user.user_id for user in users]
    )
    return Table(
        columns=[text("Username"), text("Email"), text("State"), text("Last sign-in")],
        rows=[_row(request, user, last_sign_ins) for user in users],
        empty=(
            text("No user matches.")
            if is_filtered
            else text("Users appear here. Invite one by email, or import a file of them.")
        ),
    )


def _row(request: ConsoleRequest, user: User, last_sign_ins: Mapping[str, datetime]) -> list[Cell]:
    claims = user.standard_claims
    return [
        Cell(user.username, url=f"{PATH}/{user.user_id}", small=claims.name or ""),
        email_cell(user, request.text),
        Cell(badges=badges_of(user, request.text)),
        Cell(at=last_sign_ins.get(user.user_id), words=request.text("Never")),
    ]


def email_cell(user: User, text: Callable[[str], str]) -> Cell:
    claims = user.standard_claims
    badges = [Badge(text("verified"), "good")] if claims.verified_email is not None else []
    return Cell(claims.email or "", badges=badges)


def badges_of(user: User, text: Callable[[str], str]) -> Sequence[Badge]:
    """Return what is out of the ordinary about an account."""
    return [Badge(text("disabled"), "bad")] if user.is_disabled else []
