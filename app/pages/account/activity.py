"""`/account/activity`: events of the user's account, from the audit log."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.operations.audit_events import AuditEvent
from app.pages.account.base import AccountRequest, AccountRequestDep, account_router
from app.pages.account.pages import AccountPage
from app.pages.support.urls import ACCOUNT
from app.pages.support.view_models import name_of_client
from app.services.accounts.events import label_of
from app.services.operations.audit import REFUSED

router = account_router()

PLACE = "activity"
EVENTS_ON_A_PAGE = 30
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


@router.get(f"{ACCOUNT}/{PLACE}")
async def activity(request: AccountRequestDep) -> Response:
    services, before = request.services, _number(request.fields.get("before", ""))
    events = await services.core.audit.list_of_user(
        request.user.user_id, before=before, limit=EVENTS_ON_A_PAGE + 1
    )
    shown = events[: max(EVENTS_ON_A_PAGE, sum(not event.is_numbered for event in events))]
    passkeys = await services.factors.passkeys.list_of(request.user)
    names = {passkey.passkey_id: passkey.name for passkey in passkeys}
    return request.account_page(
        "account_activity.html",
        events=[await _view(request, event, names) for event in shown],
        older=events[len(shown)].sequence + 1 if len(events) > len(shown) else None,
        is_first=before is None,
    )


async def activity_state(request: AccountRequest) -> str | None:
    return request.text("Sign-ins and changes to your account")


async def _view(request: AccountRequest, event: AuditEvent, names: Mapping[str, str]) -> EventView:
    label = label_of(event.action)
    return EventView(
        text=request.text(label) if label is not None else event.action,
        about=await _about(request, event, names),
        at=event.at,
        address=event.address,
        is_refused=event.outcome == REFUSED,
        is_by_other=event.actor.startswith(("operator:", "administrator")),
    )


async def _about(request: AccountRequest, event: AuditEvent, names: Mapping[str, str]) -> str:
    """Return the name of the client or object of an event, or "".

    `names` maps passkey ids to names, because the permanent log does not contain them.
    """
    if event.client_id is not None:
        client = await request.services.clients.clients.find(event.client_id)
        if client is None:
            return event.client_id
        return name_of_client(request.browser.request, client)
    details = json.loads(event.details)
    name = names.get(details.get("passkey_id") or "", details.get("name", ""))
    return name if isinstance(name, str) else ""


def _number(text: str) -> int | None:
    """Return a sequence number of the log, or None for any other text, which shows the newest."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
    return int(text) if is_number else None


PAGE = AccountPage(
    place=PLACE,
    label=N_("Account activity"),
    needs_fresh_sign_in=False,
    accepts_mail_code=False,
    always_needs_second_factor=False,
    router=router,
    state=activity_state,
)
