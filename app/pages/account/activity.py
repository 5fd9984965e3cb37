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
from app.pages.support.messages import N_
from app.pages.support.view_models import name_of_client
from app.services.accounts.sessions import SignedIn
from app.services.operations.audit import REFUSED

router = account_router()

PAGE = 30
LONGEST_NUMBER = 18
ACTIONS = {
    "user.registered": N_("Account created"),
    "user.disabled": N_("Account disabled"),
    "user.enabled": N_("Account re-enabled"),
    "user.deleted": N_("Account deleted"),
    "user.claims_changed": N_("Profile updated"),
    "user.data_exported": N_("Data downloaded"),
    "password.changed": N_("Password changed"),
    "password.reset_requested": N_("Password reset requested"),
    "password.reset_link_made": N_("Password reset link created"),
    "password.reset": N_("Password reset"),
    "sign_in.succeeded": N_("Signed in"),
    "sign_in.refused": N_("Sign-in attempt"),
    "sign_in.delayed": N_("Sign-ins from new networks delayed after failed attempts"),
    "network.made_known": N_("Network allowed through an emailed link"),
    "session.ended": N_("Signed out"),
    "sessions.ended": N_("Signed out of several browsers"),
    "otp.enrolled": N_("Authenticator app setup started"),
    "otp.confirmed": N_("Authenticator app set up"),
    "otp.changed": N_("Authenticator app replaced"),
    "otp.reset": N_("Authenticator app reset"),
    "otp.refused": N_("Wrong security code entered"),
    "recovery_codes.made": N_("New recovery codes created"),
    "recovery_code.used": N_("Recovery code used"),
    "recovery_code.refused": N_("Wrong recovery code entered"),
    "passkey.added": N_("Passkey added"),
    "passkey.renamed": N_("Passkey renamed"),
    "passkey.removed": N_("Passkey removed"),
    "passkey.refused": N_("Passkey rejected"),
    "email.change_requested": N_("Email address change requested"),
    "email.verified": N_("Email address confirmed"),
    "consent.granted": N_("App access allowed"),
    "consent.revoked": N_("App access removed"),
    "device.approved": N_("Device connected"),
    "upstream.linked": N_("Connected account added"),
    "upstream.unlinked": N_("Connected account removed"),
    "upstream.account_created": N_("Account created with a connected account"),
    "upstream.signed_in_again": N_("Signed in again with a connected account"),
    "mail_code.sent": N_("Confirmation code emailed"),
    "mail_code.used": N_("Change confirmed with an emailed code"),
    "mail_code.refused": N_("Wrong emailed code entered"),
    "browser.remembered": N_("Trusted browser added"),
    "browsers.forgotten": N_("Trusted browsers removed"),
}


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
    description = ACTIONS.get(event.action)
    return EventView(
        text=text(description) if description is not None else event.action,
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
