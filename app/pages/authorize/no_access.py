"""`/no-access`: the access policy of a client does not allow the user who signed in."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from app.oauth.access_policy import REFUSED
from app.oauth.authorization.interactions import InteractionKind
from app.observability import refusals
from app.pages.authorize.endpoint import answer
from app.pages.sign_in.state import client_of, find_pending, link
from app.pages.support.browser import Browser, BrowserDep, PostedFormDep
from app.pages.support.templating import page
from app.pages.support.view_models import ClientView, view_of_person, view_of_support
from app.services.accounts.sessions import SignedIn

router = APIRouter(include_in_schema=False)

ACCESS_DENIED = "access_denied"


@router.get(InteractionKind.NO_ACCESS)
async def no_access(browser: BrowserDep) -> Response:
    query = browser.request.query_params
    request_id, authorization = query.get("request_id", ""), browser.services.oauth.authorization
    pending = await find_pending(browser, request_id)
    position = await authorization.position(pending, browser.signed_in)
    client = client_of(browser, pending)
    signed_in = position.signed_in
    is_required = position.step is InteractionKind.NO_ACCESS
    if not is_required or signed_in is None or client is None:
        return answer(browser, await authorization.resume(request_id, browser.signed_in))
    return no_access_page(
        browser,
        client,
        signed_in,
        switch_url=link("/login", query, other="1"),
        action=InteractionKind.NO_ACCESS,
        request_id=request_id,
    )


@router.post(InteractionKind.NO_ACCESS)
async def go_back(browser: BrowserDep, form: PostedFormDep) -> Response:
    """Send the browser back to the client, with the error."""
    outcome = await browser.services.oauth.authorization.turn_away(form.get("request_id", ""))
    return answer(browser, outcome)


def no_access_page(
    browser: Browser,
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
    response = page(
        browser.request,
        "no_access.html",
        status=403,
        posts_may_end_at_client=True,
        client=client,
        person=view_of_person(signed_in),
        switch_url=switch_url,
        support=view_of_support(browser.services.core.settings.support_contact),
        action=action,
        request_id=request_id,
        fields=fields or {},
        leads_back=bool(request_id),
        csrf_token=browser.csrf_token,
        errors={},
    )
    return browser.keep(response)
