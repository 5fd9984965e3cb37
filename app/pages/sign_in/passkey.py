"""Sign-in with a passkey: alone, or as the second factor after a password.

A script requests the options and puts the browser's response into an ordinary form, so that the
next steps (consent, the redirect to the client) are the same as after any other form.
"""

from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.responses import Response

from app.models.accounts.users import User
from app.pages.sign_in.password import from_the_start, login_page, otp_page
from app.pages.sign_in.state import SECOND_FACTOR, complete, pending_of, sign_in_of_form
from app.pages.support.browser import Browser, BrowserDep, FormExpiredError, PostedFormDep
from app.pages.support.languages import text_for

router = APIRouter(include_in_schema=False)

PROOF_OF_POSSESSION = "pop"


@router.post("/login/passkey/options")
async def options(browser: BrowserDep, _form: PostedFormDep) -> Response:
    request_options = await browser.services.factors.passkeys.sign_in_options(
        browser=browser.form_identifier
    )
    return options_answer(browser, request_options)


@router.post("/login/passkey")
async def sign_in(browser: BrowserDep, form: PostedFormDep) -> Response:
    await pending_of(browser, form)
    user = await _owner(browser, form)
    if user is None:
        return await login_page(browser, form, _refused(browser))
    return await complete(browser, user, form, amr=(PROOF_OF_POSSESSION, SECOND_FACTOR))


@router.post("/login/otp/passkey/options")
async def second_factor_options(browser: BrowserDep, form: PostedFormDep) -> Response:
    sign_in = await sign_in_of_form(browser, form)
    if sign_in is None:
        raise FormExpiredError
    request_options = await browser.services.factors.passkeys.second_factor_options(
        sign_in.user, browser=browser.form_identifier
    )
    return options_answer(browser, request_options)


@router.post("/login/otp/passkey")
async def second_factor(browser: BrowserDep, form: PostedFormDep) -> Response:
    sign_in = await sign_in_of_form(browser, form)
    if sign_in is None:
        return from_the_start(browser, form)
    await pending_of(browser, form)
    if await _owner(browser, form, of=sign_in.user) is None:
        return await otp_page(browser, form, sign_in, _refused(browser))
    methods = (sign_in.first_factor, PROOF_OF_POSSESSION, SECOND_FACTOR)
    return await complete(browser, sign_in.user, form, amr=methods, first=sign_in)


def options_answer(browser: Browser, options: Mapping[str, object]) -> Response:
    return browser.keep(JSONResponse(options, headers={"Cache-Control": "no-store"}))


async def _owner(
    browser: Browser, form: Mapping[str, str], *, of: User | None = None
) -> User | None:
    """Return the user whose passkey a form proves, or None if it does not prove one.

    With `of`, only a passkey of that user is accepted. Every attempt to sign in with a passkey is
    checked by this function.
    """
    passkeys, answer = browser.services.factors.passkeys, form.get("credential", "")
    if of is None:
        return await passkeys.sign_in(answer, browser=browser.form_identifier)
    is_proven = await passkeys.second_factor(of, answer, browser=browser.form_identifier)
    return of if is_proven else None


def _refused(browser: Browser) -> dict[str, str]:
    text = text_for(browser.request)
    return {"": text("That passkey didn't work. Try again or sign in another way.")}
