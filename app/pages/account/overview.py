"""`/account`: where a person is signed in and what he allowed, both revocable."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.models.sessions import Session
from app.pages.account.base import PersonDep, account_page
from app.pages.browser import Browser, BrowserDep, PostedFormDep
from app.pages.logout import end_session, signed_out_page
from app.pages.views import ScopeView, views_of_scopes
from app.services.sessions import SignedIn

router = APIRouter(include_in_schema=False)

BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
            ("Safari/", "Safari"))  # fmt: skip
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
           ("Mac OS", "macOS"), ("Linux", "Linux"))  # fmt: skip


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


@router.get("/account")
async def account(browser: BrowserDep, person: PersonDep) -> Response:
    return account_page(
        browser,
        person,
        "account.html",
        sessions=await _sessions(browser, person),
        applications=await _applications(browser, person),
    )


@router.post("/account/sessions/end")
async def end(browser: BrowserDep, form: PostedFormDep, person: PersonDep) -> Response:
    """Only a session of the person who asks, in this browser or in another."""
    session_id = form.get("session_id", "")
    if session_id == person.session.session_id:
        return signed_out_page(browser, await end_session(browser, session_id))
    for each in await browser.services.sessions.list_of(person.user.user_id):
        if each.session_id == session_id:
            await browser.services.logout.end(session_id)
    return browser.keep(RedirectResponse("/account", status_code=303))


@router.post("/account/applications/revoke")
async def revoke_application(
    browser: BrowserDep, form: PostedFormDep, person: PersonDep
) -> Response:
    await browser.services.consents.revoke(person.user, form.get("client_id", ""))
    return browser.keep(RedirectResponse("/account", status_code=303))


async def _sessions(browser: Browser, current: SignedIn) -> list[SessionView]:
    found = await browser.services.sessions.list_of(current.user.user_id)
    return [_session_view(each, current) for each in found]


def _session_view(session: Session, current: SignedIn) -> SessionView:
    return SessionView(
        session_id=session.session_id,
        description=_described(session.user_agent),
        address=session.address,
        last_seen_at=session.last_seen_at,
        is_current=session.session_id == current.session.session_id,
    )


async def _applications(browser: Browser, current: SignedIn) -> list[ApplicationView]:
    views = []
    for consent in await browser.services.consents.list_of(current.user):
        client = await browser.services.clients.find(consent.client_id)
        if client is not None:
            scopes = views_of_scopes(browser.request, consent.scopes, consent)
            name = client.client_name
            views.append(ApplicationView(client.client_id, name, scopes, consent.granted_at))
    return views


def _described(user_agent: str) -> str:
    """A browser and a system, as people call them; "" where neither is known."""
    found = [
        next((name for mark, name in known if mark in user_agent), "")
        for known in (BROWSERS, SYSTEMS)
    ]
    return ", ".join(name for name in found if name)
