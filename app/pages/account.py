"""`/account`: where a person is signed in and what he allowed, both revocable."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.models.sessions import Session
from app.pages.browser import Browser, BrowserDep, PostedFormDep
from app.pages.logout import end_session, signed_out_page
from app.pages.templating import page
from app.pages.views import ScopeView, view_of_person, views_of_scopes
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
async def account(browser: BrowserDep) -> Response:
    if browser.current is None:
        return _to_login(browser)
    current = browser.current
    response = page(
        browser.request,
        "account.html",
        person=view_of_person(current),
        csrf_token=browser.csrf_token,
        sessions=await _sessions(browser, current),
        applications=await _applications(browser, current),
        errors={},
    )
    return browser.keep(response)


@router.post("/account/sessions/end")
async def end(browser: BrowserDep, form: PostedFormDep) -> Response:
    """Only a session of the person who asks, in this browser or in another."""
    if browser.current is None:
        return _to_login(browser)
    session_id, current = form.get("session_id", ""), browser.current
    if session_id == current.session.session_id:
        return signed_out_page(browser, await end_session(browser, session_id))
    for each in await browser.services.sessions.list_of(current.user.user_id):
        if each.session_id == session_id:
            await browser.services.logout.end(session_id)
    return browser.keep(RedirectResponse("/account", status_code=303))


@router.post("/account/applications/revoke")
async def revoke_application(browser: BrowserDep, form: PostedFormDep) -> Response:
    if browser.current is None:
        return _to_login(browser)
    await browser.services.consents.revoke(browser.current.user, form.get("client_id", ""))
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


def _to_login(browser: Browser) -> Response:
    return browser.keep(RedirectResponse("/login", status_code=303))
