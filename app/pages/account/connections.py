"""`/account/connections`: the identity providers that the user's account is linked to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends
from starlette.responses import RedirectResponse, Response

from app.i18n.messages import N_
from app.pages.account.base import account_page, account_router, fresh_person, stay_signed_in
from app.pages.federation.start import start_at_provider
from app.pages.federation.state import CONNECTIONS
from app.pages.support.browser import Browser, BrowserDep, PostedFormDep
from app.pages.support.languages import text_for
from app.services.accounts.sessions import SignedIn

router = account_router()

DONE = {
    "linked": N_("Account connected. You can now sign in with it."),
    "unlinked": N_("Account disconnected."),
}
WRONG = {
    "denied": N_("You didn't finish signing in. Nothing was connected."),
    "taken": N_(
        "That account is already connected to a different account here. Disconnect it there first."
    ),
    "last": N_("This is your only way to sign in. Set a password or add a passkey first."),
}

RecentSignInDep = Annotated[SignedIn, Depends(fresh_person("connections"))]


@dataclass(frozen=True, slots=True)
class ConnectionView:
    provider: str
    label: str
    issuer: str
    subject: str
    linked_at: datetime
    last_used_at: datetime | None


@router.get(CONNECTIONS)
async def connections(browser: BrowserDep, person: RecentSignInDep) -> Response:
    text = text_for(browser.request)
    message_key = browser.request.query_params.get("told", "")
    errors = {"": text(WRONG[message_key])} if message_key in WRONG else {}
    done = text(DONE[message_key]) if message_key in DONE else ""
    return await _page(browser, person, errors, done=done, status=200)


@router.post(f"{CONNECTIONS}/link")
async def connect(browser: BrowserDep, form: PostedFormDep, person: RecentSignInDep) -> Response:
    return await start_at_provider(browser, form.get("provider", ""), {}, person=person)


@router.post(f"{CONNECTIONS}/unlink")
async def disconnect(browser: BrowserDep, form: PostedFormDep, person: RecentSignInDep) -> Response:
    outcome = await browser.services.federation.identity_providers.unlink(
        person.user, form.get("issuer", ""), form.get("subject", ""), except_session=person.session
    )
    if outcome == "last":
        return await _page(browser, person, {"": text_for(browser.request)(WRONG["last"])})
    if outcome == "unlinked":
        await stay_signed_in(browser, person)
    return browser.keep(RedirectResponse(f"{CONNECTIONS}?told=unlinked", status_code=303))


async def connections_state(browser: Browser, person: SignedIn) -> str | None:
    """Return the labels of the linked providers for the overview.

    Return None if no provider is linked and none is enabled.
    """
    identity_providers = browser.services.federation.identity_providers
    links = await identity_providers.list_of(person.user)
    providers = await identity_providers.list_all()
    if not links and all(provider.is_disabled for provider in providers):
        return None
    labels = {provider.name: provider.label for provider in providers}
    return ", ".join(labels.get(link.provider, link.provider) for link in links)


async def _page(
    browser: Browser,
    person: SignedIn,
    errors: Mapping[str, str],
    *,
    done: str = "",
    status: int | None = None,
) -> Response:
    identity_providers = browser.services.federation.identity_providers
    providers = await identity_providers.list_all()
    labels = {provider.name: provider.label for provider in providers}
    links = await identity_providers.list_of(person.user)
    connected_names = {link.provider for link in links}
    linked = [
        ConnectionView(
            provider=labels.get(link.provider, link.provider),
            label=link.label,
            issuer=link.issuer,
            subject=link.subject,
            linked_at=link.linked_at,
            last_used_at=link.last_used_at,
        )
        for link in links
    ]
    offered = [
        provider
        for provider in providers
        if not provider.is_disabled and provider.name not in connected_names
    ]
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
