"""`/login/step-up`: a second factor for a signed-in user, without repeating the first one.

It is required if a client requested an `acr` that the session does not have, or by an account page.
"""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.oauth.authorization.endpoint import Interaction
from app.oauth.authorization.interactions import InteractionKind
from app.pages.account.base import is_fresh
from app.pages.authorize.endpoint import answer
from app.pages.sign_in.password import ask_second_factor, from_the_start
from app.pages.sign_in.state import after, has_second_factor
from app.pages.support.browser import BrowserDep
from app.services.accounts.sessions import ACR_MFA

router = APIRouter(include_in_schema=False)


@router.get(InteractionKind.STEP_UP)
async def step_up(browser: BrowserDep) -> Response:
    """Ask for the second factor, also in a trusted browser."""
    query = browser.request.query_params
    signed_in = browser.current
    if request_id := query.get("request_id"):
        authorization = browser.services.oauth.authorization
        outcome = await authorization.resume(request_id, browser.signed_in)
        if not isinstance(outcome, Interaction) or outcome.step is not InteractionKind.STEP_UP:
            return answer(browser, outcome)
        pending = await authorization.find(request_id)
        signed_in = (await authorization.position(pending, browser.signed_in)).signed_in
    if signed_in is None:
        return from_the_start(browser, query)
    if not request_id and signed_in.session.acr == ACR_MFA:
        return browser.keep(RedirectResponse(after(query), status_code=303))
    if not await has_second_factor(browser, signed_in.user) and not is_fresh(browser, signed_in):
        return from_the_start(browser, query)  # enrolling a first one requires a recent sign-in
    first_factor = signed_in.session.amr.split()[0]
    return await ask_second_factor(
        browser, signed_in.user, query, first_factor=first_factor, session=signed_in.session
    )
