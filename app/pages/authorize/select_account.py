"""`/select-account`: the user chooses one of the accounts signed in to this browser."""

from starlette.responses import Response

from app.pages.authorize.endpoint import answer
from app.pages.support import InteractionRequestDep, PendingDep, page_router, redirect
from app.pages.support.urls import LOGIN, SELECT_ACCOUNT
from app.pages.support.view_models import view_of_signed_in

router = page_router()


@router.get(SELECT_ACCOUNT)
async def select_account(request: InteractionRequestDep, pending: PendingDep) -> Response:
    if not request.browser.signed_in:
        return redirect(request.link(LOGIN))
    return request.page(
        "select_account.html",
        posts_may_end_at_client=True,
        client=request.client,
        users=[view_of_signed_in(signed_in) for signed_in in request.browser.signed_in],
        other_url=request.link(LOGIN, other="1"),
        request_id=pending.request_id,
    )


@router.post(SELECT_ACCOUNT)
async def choose(request: InteractionRequestDep, pending: PendingDep) -> Response:
    request.check()
    browser, authorization = request.browser, request.services.oauth.authorization
    signed_in = browser.find(request.fields.get("session_id", ""))
    if signed_in is None:  # signed out meanwhile
        return redirect(request.link(LOGIN))
    pending = await authorization.set_session(pending, signed_in.session.session_id)
    browser.choose(signed_in)
    return answer(browser, await authorization.resume(pending, browser.signed_in))
