"""Signing in with a passkey: alone, or instead of the code after a password.

A script asks for the options and puts the browser's answer into an ordinary form, so that what
comes after it (consent, the way back to the application) is as after any other form of ours.
"""

from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.responses import Response

from app.models.users import User
from app.pages.browser import Browser, BrowserDep, FormExpiredError, PostedFormDep
from app.pages.languages import text_for
from app.pages.login import from_the_start, login_page, otp_page
from app.pages.signing_in import SECOND_FACTOR, complete, pending_of, sign_in_of_form

router = APIRouter(include_in_schema=False)

PROOF_OF_POSSESSION = "pop"


@router.post("/login/passkey/options")
async def options(browser: BrowserDep, _form: PostedFormDep) -> Response:
    made = await browser.services.passkeys.sign_in_options(browser=browser.form_identifier)
    return options_answer(browser, made)


@router.post("/login/passkey")
async def sign_in(browser: BrowserDep, form: PostedFormDep) -> Response:
    await pending_of(browser, form)
    user = await _owner(browser, form)
    if user is None:
        return await login_page(browser, form, _refused(browser))
    return await complete(browser, user, form, amr=(PROOF_OF_POSSESSION, SECOND_FACTOR))


@router.post("/login/otp/passkey/options")
async def second_factor_options(browser: BrowserDep, form: PostedFormDep) -> Response:
    who = await sign_in_of_form(browser, form)
    if who is None:
        raise FormExpiredError
    made = await browser.services.passkeys.second_factor_options(
        who.user, browser=browser.form_identifier
    )
    return options_answer(browser, made)


@router.post("/login/otp/passkey")
async def second_factor(browser: BrowserDep, form: PostedFormDep) -> Response:
    who = await sign_in_of_form(browser, form)
    if who is None:
        return from_the_start(browser, form)
    await pending_of(browser, form)
    if await _owner(browser, form, of=who.user) is None:
        return await otp_page(browser, form, who, _refused(browser))
    methods = (who.first_factor, PROOF_OF_POSSESSION, SECOND_FACTOR)
    return await complete(browser, who.user, form, amr=methods, first=who)


def options_answer(browser: Browser, options: Mapping[str, object]) -> Response:
    return browser.keep(JSONResponse(options, headers={"Cache-Control": "no-store"}))


async def _owner(
    browser: Browser, form: Mapping[str, str], *, of: User | None = None
) -> User | None:
    """Who proves a passkey in a form, `of` this person where one is given; None where nobody.

    Every try to sign in with a passkey goes through here.
    """
    passkeys, answer = browser.services.passkeys, form.get("credential", "")
    if of is None:
        return await passkeys.sign_in(answer, browser=browser.form_identifier)
    is_proven = await passkeys.second_factor(of, answer, browser=browser.form_identifier)
    return of if is_proven else None


def _refused(browser: Browser) -> dict[str, str]:
    text = text_for(browser.request)
    return {"": text("This passkey does not sign you in here. Try again, or use another way.")}
