"""`/account`: links to the other pages, the user's sessions, and the clients they allowed."""

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from app.models.accounts.sessions import Session
from app.pages.account.applications import agents_in, applications_of
from app.pages.account.base import AccountRequest, AccountRequestDep, account_router
from app.pages.account.pages import account_pages_of
from app.pages.account.protection import protection_of
from app.pages.authorize.logout import end_session, signed_out_page
from app.pages.support import redirect
from app.pages.support.urls import ACCOUNT, CONSOLE
from app.pages.support.user_agents import described
from app.services.accounts.events import AccountEvent

router = account_router()


@dataclass(frozen=True, slots=True)
class SectionView:
    """A row that leads to an account page."""

    place: str
    label: str
    state: str


@dataclass(frozen=True, slots=True)
class SessionView:
    session_id: str
    description: str
    address: str
    last_seen_at: datetime
    is_current: bool


@router.get(ACCOUNT)
async def account(request: AccountRequestDep) -> Response:
    applications = await applications_of(request)
    return request.account_page(
        "account.html",
        protection=await protection_of(request),
        sections=await _sections(request),
        sessions=await _sessions(request),
        applications=[each for each in applications if not each.is_agent],
        agents=agents_in(applications),
        console_url=CONSOLE if await _may_open_console(request) else "",
    )


@router.post(f"{ACCOUNT}/sessions/end")
async def end(request: AccountRequestDep) -> Response:
    """End one of the user's own sessions, in this browser or in another."""
    request.check()
    browser, services, user_id = request.browser, request.services, request.user.user_id
    session_id = request.fields.get("session_id", "")
    if session_id == request.session.session_id:
        return signed_out_page(browser, await end_session(browser, session_id))
    for session in await services.accounts.sessions.list_of(user_id):
        if session.session_id == session_id:
            event = services.core.audit.event(AccountEvent.SESSION_ENDED, user_id=user_id)
            await services.oauth.logout.end(session_id, event=event)
    return redirect(ACCOUNT)


@router.post(f"{ACCOUNT}/sessions/end-all")
async def end_all(request: AccountRequestDep) -> Response:
    """End all sessions of the user; with `but=this`, all except the current one."""
    request.check()
    browser, services, user_id = request.browser, request.services, request.user.user_id
    current_session_id = request.session.session_id
    await services.accounts.sessions.end_all(
        user_id,
        except_session_id=current_session_id,
        is_full=True,
        event_of=lambda ended: services.core.audit.event(
            AccountEvent.SESSIONS_ENDED, user_id=user_id, others=ended
        ),
    )
    await services.factors.trusted_browsers.forget_all(request.user)
    # An attacker may have requested links.
    await services.accounts.one_time_links.revoke_all(user_id)
    services.oauth.logout_delivery.kick()
    if request.fields.get("but") == "this":
        return redirect(ACCOUNT)
    return signed_out_page(browser, await end_session(browser, current_session_id))


@router.post(f"{ACCOUNT}/applications/revoke")
async def revoke_application(request: AccountRequestDep) -> Response:
    request.check()
    client_id = request.fields.get("client_id", "")
    await request.services.clients.consents.revoke(request.user, client_id)
    return redirect(ACCOUNT)


@router.post(f"{ACCOUNT}/agents/revoke-all")
async def revoke_agents(request: AccountRequestDep) -> Response:
    """Revoke the access of all agents."""
    request.check()
    for agent in agents_in(await applications_of(request)):
        await request.services.clients.consents.revoke(request.user, agent.client_id)
    return redirect(ACCOUNT)


async def _may_open_console(request: AccountRequest) -> bool:
    """Return whether the user is an administrator or auditor of a server with a console."""
    if not request.browser.request.app.state.has_console:
        return False
    user = await request.services.core.entitlements.of(request.user.user_id)
    return user.is_administrator or user.is_auditor


async def _sections(request: AccountRequest) -> list[SectionView]:
    views = []
    for page in account_pages_of(request.browser.request):
        state = await page.state(request) if page.state is not None else ""
        if state is not None:
            views.append(SectionView(page.place, request.text(page.label), state))
    return views


async def _sessions(request: AccountRequest) -> list[SessionView]:
    sessions = await request.services.accounts.sessions.list_of(request.user.user_id)
    return [_session_view(session, request.session) for session in sessions]


def _session_view(session: Session, current: Session) -> SessionView:
    return SessionView(
        session_id=session.session_id,
        description=described(session.user_agent),
        address=session.address,
        last_seen_at=session.last_seen_at,
        is_current=session.session_id == current.session_id,
    )
