"""`/login/recovery`: a recovery code as the second factor, instead of the authenticator app."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from app.errors import TooManyRequestsError
from app.pages.sign_in.password import from_the_start
from app.pages.sign_in.state import (
    SECOND_FACTOR,
    PasswordGiven,
    complete,
    link,
    password_given,
    pending_of,
    sign_in_of_form,
    sign_in_page,
)
from app.pages.sign_in.trusted_browsers import remembered_days
from app.pages.support.browser import Browser, BrowserDep, TypedFormDep
from app.pages.support.forms import hints_for
from app.pages.support.languages import text_for
from app.pages.support.rate_limited import rate_limited_page
from app.pages.support.view_models import view_of_user

router = APIRouter(include_in_schema=False)


@router.get("/login/recovery")
async def recovery(browser: BrowserDep) -> Response:
    query = browser.request.query_params
    sign_in = await password_given(browser)
    if sign_in is None:
        return from_the_start(browser, query)
    return browser.keep(await _page(browser, query, sign_in))


@router.post("/login/recovery")
async def give_recovery_code(browser: BrowserDep, form: TypedFormDep) -> Response:
    sign_in = await sign_in_of_form(browser, form)
    if sign_in is None:
        return from_the_start(browser, form)
    await pending_of(browser, form)
    if hints := hints_for(browser.request, form, "recovery_code"):
        return await _page(browser, form, sign_in, hints)
    try:
        is_valid = await browser.services.factors.recovery_codes.use(
            sign_in.user, form.get("recovery_code", "")
        )
    except TooManyRequestsError as error:
        return await rate_limited_page(
            browser.request, error, lambda said: _page(browser, form, sign_in, said)
        )
    if not is_valid:
        text = text_for(browser.request)
        wrong = text("That code is wrong or has already been used. Enter another recovery code.")
        return await _page(browser, form, sign_in, {"recovery_code": wrong})
    amr = (sign_in.first_factor, SECOND_FACTOR)
    return await complete(browser, sign_in.user, form, amr=amr, first=sign_in)


async def _page(
    browser: Browser,
    given: Mapping[str, str],
    who: PasswordGiven,
    errors: Mapping[str, str] | None = None,
) -> Response:
    return sign_in_page(
        browser,
        "recovery.html",
        await pending_of(browser, given),
        given,
        errors,
        sign_in=who,
        person=view_of_user(who.user),
        switch_url=link("/login", given),
        otp_url=link("/login/otp", given),
        remember_days=remembered_days(browser),
    )
