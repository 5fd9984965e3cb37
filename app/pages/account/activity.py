"""`/account/activity`: events of the user's account, from the audit log."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from app.models.operations.audit_events import AuditEvent
from app.pages.account.base import SignedInDep, account_page, account_router
from app.pages.support.browser import Browser, BrowserDep
from app.pages.support.languages import text_for
from app.pages.support.view_models import name_of_client
from app.services.accounts.events import label_of
from app.services.accounts.sessions import SignedIn
from app.services.operations.audit import REFUSED

router = account_router()

PAGE = 30
LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True)
class EventView:
    """A row of the page.

    `about` is the name of a client or of another object; `is_by_other` is True if an operator or
    an administrator did it for the user.
    """

    text: str
    about: str
    at: datetime
    address: str
    is_refused: bool
    is_by_other: bool


@router.get("/account/activity")
async def activity(browser: BrowserDep, person: SignedInDep) -> Response:
    before = _number(browser.request.query_params.get("before", ""))
    events = await browser.services.core.audit.list_of_user(
        person.user.user_id, before=before, limit=PAGE + 1
    )
    shown = events[: max(PAGE, sum(not event.is_numbered for event in events))]
    text = text_for(browser.request)
    passkeys = await browser.services.factors.passkeys.list_of(person.user)
    names = {passkey.passkey_id: passkey.name for passkey in passkeys}
    return account_page(
        browser,
        person,
        "account_activity.html",
        events=[await _view(browser, event, text, names) for event in shown],
        older=events[len(shown)].sequence + 1 if len(events) > len(shown) else None,
        is_first=before is None,
    )


async def activity_state(browser: Browser, person: SignedIn) -> str | None:
    text = text_for(browser.request)
    return text("Sign-ins and changes to your account")


async def _view(
    browser: Browser, event: AuditEvent, text: Callable[[str], str], names: Mapping[str, str]
) -> EventView:
    label = label_of(event.action)
    return EventView(
        text=text(label) if label is not None else event.action,
        about=await _about(browser, event, names),
        at=event.at,
        address=event.address,
        is_refused=event.outcome == REFUSED,
        is_by_other=event.actor.startswith(("operator:", "administrator")),
    )


async def _about(browser: Browser, event: AuditEvent, names: Mapping[str, str]) -> str:
    """Return the name of the client or object of an event, or "".

    `names` maps passkey ids to names, because the permanent log does not contain them.
    """
    if event.client_id is not None:
        client = await browser.services.clients.clients.find(event.client_id)
        if client is None:
            return event.client_id
        return name_of_client(browser.request, client)
    details = json.loads(event.details)
    name = names.get(details.get("passkey_id") or "", details.get("name", ""))
    return name if isinstance(name, str) else ""


def _number(text: str) -> int | None:
    """Return a sequence number of the log, or None for any other text, which shows the newest."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
    return int(text) if is_number else None
