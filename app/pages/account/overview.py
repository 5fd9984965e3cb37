"""`/account`: links to the other pages, the user's sessions, and the clients they allowed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import RedirectResponse, Response

from app.i18n.messages import N_
from app.models.accounts.sessions import Session
from app.pages.account import passkeys
from app.pages.account.activity import activity_state
from app.pages.account.authenticator import authenticator_state
from app.pages.account.base import SignedInDep, account_page, account_router
from app.pages.account.connections import connections_state
from app.pages.account.data import data_state
from app.pages.account.email import email_state
from app.pages.account.password import password_state
from app.pages.account.profile import profile_state
from app.pages.account.recovery_codes import recovery_codes_state
from app.pages.authorize.logout import end_session, signed_out_page
from app.pages.support.browser import Browser, BrowserDep, PostedFormDep
from app.pages.support.languages import text_for
from app.pages.support.user_agents import described
from app.pages.support.view_models import ScopeView, name_of_client, views_of_scopes
from app.services.accounts.events import AccountEvent
from app.services.accounts.sessions import SignedIn

router = account_router()

State = Callable[[Browser, SignedIn], Awaitable[str | None]]
"""A function that returns the state of a section as a short translated text; None hides the row."""


@dataclass(frozen=True, slots=True)
class Section:
    """A row of the overview that leads to `/account/{place}`."""

    place: str
    label: str
    state: State | None = None


SECTIONS: tuple[Section, ...] = (
    Section("profile", N_("Profile"), profile_state),
    Section("email", N_("Email address"), email_state),
    Section("password", N_("Password"), password_state),
    Section("authenticator", N_("Authenticator app"), authenticator_state),
    Section("passkeys", N_("Passkeys"), passkeys.how_many),
    Section("recovery-codes", N_("Recovery codes"), recovery_codes_state),
    Section("connections", N_("Connected accounts"), connections_state),
    Section("activity", N_("Account activity"), activity_state),
    Section("data", N_("Your data"), data_state),
)
"""The rows in their order on the page: profile, email, password, authenticator, passkeys,
recovery-codes, connections, activity, data."""


@dataclass(frozen=True, slots=True)
class SectionView:
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


@dataclass(frozen=True, slots=True)
class ApplicationView:
    client_id: str
    name: str
    scopes: list[ScopeView]
    granted_at: datetime
    last_used_at: datetime | None


@router.get("/account")
async def account(browser: BrowserDep, person: SignedInDep) -> Response:
    return account_page(
        browser,
        person,
        "account.html",
        sections=await _sections(browser, person),
        sessions=await _sessions(browser, person),
        applications=await _applications(browser, person),
    )


@router.post("/account/sessions/end")
async def end(browser: BrowserDep, form: PostedFormDep, person: SignedInDep) -> Response:
    """End one of the user's own sessions, in this browser or in another."""
    session_id = form.get("session_id", "")
    if session_id == person.session.session_id:
        return signed_out_page(browser, await end_session(browser, session_id))
    for session in await browser.services.accounts.sessions.list_of(person.user.user_id):
        if session.session_id == session_id:
            event = browser.services.core.audit.event(
                AccountEvent.SESSION_ENDED, user_id=person.user.user_id
            )
            await browser.services.oauth.logout.end(session_id, event=event)
    return browser.keep(RedirectResponse("/account", status_code=303))


@router.post("/account/sessions/end-all")
async def end_all(browser: BrowserDep, form: PostedFormDep, person: SignedInDep) -> Response:
    """End all sessions of the user; with `but=this`, all except the current one."""
    services, current_session_id = browser.services, person.session.session_id
    user_id = person.user.user_id
    await services.accounts.sessions.end_all(
        user_id,
        except_session_id=current_session_id,
        event_of=lambda ended: services.core.audit.event(
            AccountEvent.SESSIONS_ENDED, user_id=user_id, others=ended
        ),
    )
    await services.factors.trusted_browsers.forget_all(person.user)
    await services.accounts.one_time_links.revoke_all(
        person.user.user_id
    )  # an attacker may have requested them
    services.oauth.logout_delivery.kick()
    if form.get("but") == "this":
        return browser.keep(RedirectResponse("/account", status_code=303))
    return signed_out_page(browser, await end_session(browser, current_session_id))


@router.post("/account/applications/revoke")
async def revoke_application(
    browser: BrowserDep, form: PostedFormDep, person: SignedInDep
) -> Response:
    await browser.services.clients.consents.revoke(person.user, form.get("client_id", ""))
    return browser.keep(RedirectResponse("/account", status_code=303))


async def _sections(browser: Browser, person: SignedIn) -> list[SectionView]:
    text = text_for(browser.request)
    views = []
    for section in SECTIONS:
        state = await section.state(browser, person) if section.state is not None else ""
        if state is not None:
            views.append(SectionView(section.place, text(section.label), state))
    return views


async def _sessions(browser: Browser, current: SignedIn) -> list[SessionView]:
    sessions = await browser.services.accounts.sessions.list_of(current.user.user_id)
    return [_session_view(session, current) for session in sessions]


def _session_view(session: Session, current: SignedIn) -> SessionView:
    return SessionView(
        session_id=session.session_id,
        description=described(session.user_agent),
        address=session.address,
        last_seen_at=session.last_seen_at,
        is_current=session.session_id == current.session.session_id,
    )


async def _applications(browser: Browser, current: SignedIn) -> list[ApplicationView]:
    views = []
    last_uses = await browser.services.clients.consents.last_uses(current.user)
    for consent in await browser.services.clients.consents.list_of(current.user):
        client = await browser.services.clients.clients.find(consent.client_id)
        if client is not None:
            scopes = views_of_scopes(browser.request, consent.scopes, consent)
            views.append(
                ApplicationView(
                    client_id=client.client_id,
                    name=name_of_client(browser.request, client),
                    scopes=scopes,
                    granted_at=consent.granted_at,
                    last_used_at=last_uses.get(client.client_id),
                )
            )
    return views
