"""`/account/connections`: the other providers by which a person signs in here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends
from starlette.responses import RedirectResponse, Response

from app.pages.account.base import account_page, account_router, fresh_person, stay_signed_in
from app.pages.browser import Browser, BrowserDep, PostedFormDep
from app.pages.languages import text_for
from app.pages.sentences import N_
from app.pages.upstream import CONNECTIONS, send_there
from app.services.sessions import SignedIn

router = account_router()

DONE = {
    "linked": N_("You can sign in by this provider now."),
    "unlinked": N_("This provider is disconnected."),
}
WRONG = {
    "denied": N_("You did not sign in there. Nothing was connected."),
    "taken": N_("That sign-in belongs to another account here. Disconnect it there first."),
    "last": N_(
        "This is the only way in which you can sign in. Set a password or add a passkey first."
    ),
}

FreshPersonDep = Annotated[SignedIn, Depends(fresh_person("connections"))]


@dataclass(frozen=True, slots=True)
class ConnectionView:
    provider: str
    label: str
    issuer: str
    subject: str
    linked_at: datetime
    last_used_at: datetime | None


@router.get(CONNECTIONS)
async def connections(browser: BrowserDep, person: FreshPersonDep) -> Response:
    text = text_for(browser.request)
    told = browser.request.query_params.get("told", "")
    errors = {"": text(WRONG[told])} if told in WRONG else {}
    done = text(DONE[told]) if told in DONE else ""
    return await _page(browser, person, errors, done=done, status=200)


@router.post(f"{CONNECTIONS}/link")
async def connect(browser: BrowserDep, form: PostedFormDep, person: FreshPersonDep) -> Response:
    return await send_there(browser, form.get("provider", ""), {}, person=person)


@router.post(f"{CONNECTIONS}/unlink")
async def disconnect(browser: BrowserDep, form: PostedFormDep, person: FreshPersonDep) -> Response:
    said = await browser.services.upstream.unlink(
        person.user, form.get("issuer", ""), form.get("subject", ""), but=person.session
    )
    if said == "last":
        return await _page(browser, person, {"": text_for(browser.request)(WRONG["last"])})
    if said == "unlinked":
        await stay_signed_in(browser, person)
    return browser.keep(RedirectResponse(f"{CONNECTIONS}?told=unlinked", status_code=303))


async def connections_state(browser: Browser, person: SignedIn) -> str | None:
    """For the overview: the names of what is connected; None where there is nothing to choose."""
    upstream = browser.services.upstream
    linked = await upstream.list_of(person.user)
    providers = await upstream.list_all()
    if not linked and all(each.is_disabled for each in providers):
        return None
    labels = {each.name: each.label for each in providers}
    return ", ".join(labels.get(each.provider, each.provider) for each in linked)


async def _page(
    browser: Browser,
    person: SignedIn,
    errors: Mapping[str, str],
    *,
    done: str = "",
    status: int | None = None,
) -> Response:
    upstream = browser.services.upstream
    providers = await upstream.list_all()
    labels = {each.name: each.label for each in providers}
    found = await upstream.list_of(person.user)
    known = {each.provider for each in found}
    linked = [
        ConnectionView(
            provider=labels.get(each.provider, each.provider),
            label=each.label,
            issuer=each.issuer,
            subject=each.subject,
            linked_at=each.linked_at,
            last_used_at=each.last_used_at,
        )
        for each in found
    ]
    offered = [each for each in providers if not each.is_disabled and each.name not in known]
    return account_page(
        browser,
        person,
        "account_connections.html",
        errors,
        status=status,
        linked=linked,
        offered=offered,
        done=done,
    )
