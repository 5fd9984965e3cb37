"""`/login/step-up`: a further factor for who is signed in here, without the first one again.

A client asked for a class that the session is not of, or a page of the account wants it.
"""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.oauth.authorization.endpoint import Interaction
from app.oauth.authorization.interactions import Step
from app.pages.account.base import is_fresh
from app.pages.authorization import answer
from app.pages.browser import BrowserDep
from app.pages.login import ask_second_factor, from_the_start
from app.pages.signing_in import after, has_second_factor
from app.services.sessions import ACR_MFA

router = APIRouter(include_in_schema=False)


@router.get(Step.STEP_UP)
async def step_up(browser: BrowserDep) -> Response:
    """What a browser remembers does not count here: it is a factor that is wanted."""
    given = browser.request.query_params
    person = browser.current
    if request_id := given.get("request_id"):
        authorization = browser.services.authorization
        outcome = await authorization.resume(request_id, browser.signed_in)
        if not isinstance(outcome, Interaction) or outcome.step is not Step.STEP_UP:
            return answer(browser, outcome)
        pending = await authorization.find(request_id)
        person = (await authorization.position(pending, browser.signed_in)).person
    if person is None:
        return from_the_start(browser, given)
    if not request_id and person.session.acr == ACR_MFA:
        return browser.keep(RedirectResponse(after(given), status_code=303))
    if not await has_second_factor(browser, person.user) and not is_fresh(browser, person):
        return from_the_start(browser, given)  # a first one is set up by who just signed in
    first_factor = person.session.amr.split()[0]
    return await ask_second_factor(
        browser, person.user, given, first_factor=first_factor, session=person.session
    )
