"""`/account/connections`: the identity providers that the user's account is linked to."""

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.account.base import AccountRequest, AccountRequestDep, account_router
from app.pages.account.pages import AccountPage
from app.pages.federation.start import start_linking
from app.pages.support import Errors, ShowAgainError, redirect, shows_again
from app.pages.support.urls import CONNECTIONS

router = account_router()

DONE = {
    "linked": N_("Account connected. You can now sign in with it."),
    "unlinked": N_("Account disconnected."),
}
LAST = N_("This is your only way to sign in. Set a password or add a passkey first.")
WRONG = {
    "denied": N_("You didn't finish signing in. Nothing was connected."),
    "taken": N_(
        "That account is already connected to a different account here. Disconnect it there first."
    ),
    "last": LAST,
}


@dataclass(frozen=True, slots=True)
class ConnectionView:
    provider: str
    label: str
    issuer: str
    subject: str
    linked_at: datetime
    last_used_at: datetime | None


async def connections_page(
    request: AccountRequest,
    errors: Errors | None = None,
    *,
    done: str = "",
    status: int | None = None,
) -> Response:
    providers = request.providers
    labels = {provider.name: provider.label for provider in providers}
    links = await request.services.federation.identity_providers.list_of(request.user)
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
    return request.account_page(
        "account_connections.html",
        errors,
        status=status,
        linked=linked,
        offered=offered,
        done=done,
    )


@router.get(CONNECTIONS)
async def connections(request: AccountRequestDep) -> Response:
    message_key = request.fields.get("told", "")
    errors = {"": request.text(WRONG[message_key])} if message_key in WRONG else {}
    done = request.text(DONE[message_key]) if message_key in DONE else ""
    return await connections_page(request, errors, done=done, status=200)


@router.post(f"{CONNECTIONS}/link")
async def connect(request: AccountRequestDep) -> Response:
    request.check()
    name = request.fields.get("provider", "")
    return await start_linking(request, name, signed_in=request.signed_in)


@router.post(f"{CONNECTIONS}/unlink")
@shows_again(connections_page, shows_limits=False)
async def disconnect(request: AccountRequestDep) -> Response:
    request.check()
    issuer, subject = request.fields.get("issuer", ""), request.fields.get("subject", "")
    outcome = await request.services.federation.identity_providers.unlink(
        request.user, issuer, subject, except_session=request.session
    )
    if outcome == "last":
        raise ShowAgainError({"": request.text(LAST)})
    if outcome == "unlinked":
        await request.stay_signed_in()
    return redirect(f"{CONNECTIONS}?told=unlinked")


async def connections_state(request: AccountRequest) -> str | None:
    """Return the labels of the linked providers for the overview.

    Return None if no provider is linked and none is enabled.
    """
    links = await request.once(request.services.federation.identity_providers.list_of)
    if not links and not request.has_provider:
        return None
    labels = {provider.name: provider.label for provider in request.providers}
    return ", ".join(labels.get(link.provider, link.provider) for link in links)


PAGE = AccountPage(
    place="connections",
    label=N_("Connected accounts"),
    needs_fresh_sign_in=True,
    accepts_mail_code=True,
    always_needs_second_factor=False,
    router=router,
    state=connections_state,
    is_offered=lambda request: request.has_provider,
)
