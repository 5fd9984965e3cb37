"""Access to the console: the role of the user, two factors, and how recently it was used."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from app.models.accounts.sessions import Session
from app.observability import refusals
from app.pages.sign_in.recent_sign_in import sign_in_again_url
from app.pages.support import AnswerInsteadError, Browser, Continuation, GoToError, PageRequest
from app.pages.support.continuation import CONSOLE_PLACE, CONSOLE_PLACES
from app.pages.support.cookies import SealedCookie
from app.pages.support.urls import LOGIN, STEP_UP
from app.pages.support.view_models import view_of_signed_in, view_of_support
from app.security.purposes import Purpose
from app.services.accounts.sessions import ACR_MFA, SignedIn
from app.services.operations.authority import FULL, OF_AUDITOR, Authority

IDLE = timedelta(hours=1)
"""For how long after its last page the console stays open."""
ACCESS_DENIED = "access_denied"


@dataclass(frozen=True, slots=True)
class ConsoleVisit:
    """The content of the cookie: when a page of the console was last shown in a session."""

    session_id: str
    seen_at: float


CONSOLE_VISIT = SealedCookie(
    name="postern_console",
    content=ConsoleVisit,
    purpose=Purpose.CONSOLE_VISIT,
    since="seen_at",
    lasts=IDLE,
)


async def authority_in_console(request: PageRequest, signed_in: SignedIn) -> Authority:
    """Return what the current user may do; raise an error for a user who may do nothing.

    Raise `GoToError` for a user who has to sign in again or give a second factor first. The roles
    are looked up for each request, so that revoking one ends access at once.
    """
    browser, place = request.browser, place_of(request.browser)
    authority = await _authority_of(request, signed_in)
    if authority is None:
        raise AnswerInsteadError(_no_access_page(request, signed_in))
    if not _is_in_use(browser, signed_in.session):
        raise GoToError(await sign_in_again_url(browser, signed_in, place))
    if signed_in.session.acr != ACR_MFA:
        raise GoToError(Continuation(place=place).link(STEP_UP))
    return authority


def remember_visit(browser: Browser, session: Session) -> None:
    seen_at = browser.services.core.clock.now().timestamp()
    CONSOLE_VISIT.set(browser, ConsoleVisit(session.session_id, seen_at))


def place_of(browser: Browser) -> str:
    """Return the place at which a sign-in continues: the page of this request."""
    place = browser.request.url.path.strip("/")
    return place if CONSOLE_PLACES.fullmatch(place) else CONSOLE_PLACE


async def _authority_of(request: PageRequest, signed_in: SignedIn) -> Authority | None:
    entitlements = await request.services.core.entitlements.of(signed_in.user.user_id)
    if entitlements.is_administrator:
        return FULL
    return OF_AUDITOR if entitlements.is_auditor else None


def _is_in_use(browser: Browser, session: Session) -> bool:
    """Return whether the user signed in or opened a page of the console within `IDLE`.

    Whatever they did, the console ends some hours after the sign-in.
    """
    services, visit = browser.services, CONSOLE_VISIT.get(browser)
    last_use = session.auth_time
    if visit is not None and visit.session_id == session.session_id:
        last_use = max(last_use, datetime.fromtimestamp(visit.seen_at, UTC))
    is_idle = services.core.clock.now() - last_use > IDLE
    return not is_idle and services.accounts.sessions.is_recent_enough_for_console(session)


def _no_access_page(request: PageRequest, signed_in: SignedIn) -> Response:
    refusals.note_refusal(ACCESS_DENIED, "the user is neither an administrator nor an auditor")
    return request.page(
        "admin_no_access.html",
        status=403,
        user=view_of_signed_in(signed_in),
        switch_url=Continuation(place=place_of(request.browser)).link(LOGIN, other="1"),
        support=view_of_support(request.services.core.settings.support_contact),
    )
