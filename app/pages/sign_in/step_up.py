"""`/login/step-up`: a second factor for a signed-in user, without repeating the first one.

It is required if a client requested an `acr` that the session does not have, or by an account page.
"""

from starlette.responses import Response

from app.oauth.authorization.endpoint import Interaction
from app.oauth.authorization.interactions import InteractionKind
from app.pages.authorize.endpoint import answer
from app.pages.sign_in.recent_sign_in import is_fresh
from app.pages.sign_in.second_factor import ask_second_factor, has_second_factor, start_again
from app.pages.support import InteractionRequestDep, page_router, redirect
from app.pages.support.urls import STEP_UP
from app.services.accounts.sessions import ACR_MFA

router = page_router()


@router.get(STEP_UP)
async def step_up(request: InteractionRequestDep) -> Response:
    """Ask for the second factor, also in a trusted browser."""
    browser, signed_in = request.browser, request.browser.current
    if request.pending is not None:
        authorization = request.services.oauth.authorization
        outcome = await authorization.resume(request.pending, browser.signed_in)
        if not isinstance(outcome, Interaction) or outcome.step is not InteractionKind.STEP_UP:
            return answer(browser, outcome)
        signed_in = outcome.position.signed_in
    if signed_in is None:
        raise start_again(request)
    if request.pending is None and signed_in.session.acr == ACR_MFA:
        return redirect(request.continuation.url)
    if not await has_second_factor(browser, signed_in.user) and not is_fresh(browser, signed_in):
        raise start_again(request)  # enrolling a first one requires a recent sign-in
    first_factor = signed_in.session.amr.split()[0]
    return await ask_second_factor(
        request, signed_in.user, first_factor=first_factor, session=signed_in.session
    )
