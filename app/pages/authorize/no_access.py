"""`/no-access`: the access policy of a client does not allow the user who signed in."""

from collections.abc import Mapping

from starlette.responses import Response

from app.oauth.access_policy import REFUSED
from app.oauth.authorization.interactions import InteractionKind
from app.observability import refusals
from app.pages.authorize.endpoint import answer
from app.pages.support import (
    InteractionRequestDep,
    PageRequest,
    PendingDep,
    page_router,
)
from app.pages.support.urls import LOGIN, NO_ACCESS
from app.pages.support.view_models import ClientView, view_of_signed_in, view_of_support
from app.services.accounts.sessions import SignedIn

router = page_router()

ACCESS_DENIED = "access_denied"


@router.get(NO_ACCESS)
async def no_access(request: InteractionRequestDep, pending: PendingDep) -> Response:
    browser, authorization = request.browser, request.services.oauth.authorization
    position = await authorization.position(pending, browser.signed_in)
    client, signed_in = request.client, position.signed_in
    is_required = position.step is InteractionKind.NO_ACCESS
    if not is_required or signed_in is None or client is None:
        return answer(browser, await authorization.go_on(pending, position))
    return no_access_page(
        request,
        client,
        signed_in,
        switch_url=request.link(LOGIN, other="1"),
        action=NO_ACCESS,
        request_id=pending.request_id,
    )


@router.post(NO_ACCESS)
async def go_back(request: InteractionRequestDep, pending: PendingDep) -> Response:
    """Send the browser back to the client, with the error."""
    request.check()
    outcome = await request.services.oauth.authorization.turn_away(pending)
    return answer(request.browser, outcome)


def no_access_page(
    request: PageRequest,
    client: ClientView,
    signed_in: SignedIn,
    *,
    switch_url: str,
    action: str,
    request_id: str = "",
    fields: Mapping[str, str] | None = None,
) -> Response:
    """Return the page, whose button posts `fields` to `action`.

    The button leads back to the client, except from a device, which has no page.
    """
    refusals.note_refusal(ACCESS_DENIED, REFUSED)
    return request.page(
        "no_access.html",
        status=403,
        posts_may_end_at_client=True,
        client=client,
        user=view_of_signed_in(signed_in),
        switch_url=switch_url,
        support=view_of_support(request.services.core.settings.support_contact),
        action=action,
        request_id=request_id,
        fields=fields or {},
        leads_back=bool(request_id),
    )
