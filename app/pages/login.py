"""`/login`: name and password, then the code of the authenticator app."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.errors import OverloadedError
from app.pages.authorization import answer
from app.pages.browser import Browser, BrowserDep, PostedFormDep
from app.pages.languages import text_for
from app.pages.signing_in import (
    OTP,
    SECOND_FACTOR,
    PasswordGiven,
    complete,
    link,
    password_given,
    pending_of,
    remember_password,
    sign_in_page,
)
from app.pages.views import PersonView, initials_of

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def login(browser: BrowserDep) -> Response:
    return browser.keep(await _login_page(browser, browser.request.query_params))


@router.post("/login")
async def give_password(browser: BrowserDep, form: PostedFormDep) -> Response:
    text = text_for(browser.request)
    await pending_of(browser, form)
    username, password = form.get("username", ""), form.get("password", "")
    if not username or not password:
        missing = text("Enter your username.") if not username else text("Enter your password.")
        field = "password" if username else "username"
        return await _login_page(browser, form, {field: missing})
    try:
        user = await browser.services.authentication.check_password(username, password)
    except OverloadedError:
        busy = text("Too many people are signing in. Wait a little and try again.")
        return await _login_page(browser, form, {"": busy}, status=503)
    if user is None:
        return await _login_page(browser, form, {"": text("Wrong username or password")})
    if user.has_confirmed_otp:
        response = RedirectResponse(link("/login/otp", form), status_code=303)
        return remember_password(browser, response, user)
    secret = await browser.services.users.begin_enrolment(user)
    path = "/login/enroll" if secret is not None else "/login/otp"
    response = RedirectResponse(link(path, form), status_code=303)
    return remember_password(browser, response, user, otp_secret=secret)


@router.post("/login/cancel")
async def cancel(browser: BrowserDep, form: PostedFormDep) -> Response:
    response = await browser.services.authorization.cancel(form.get("request_id", ""))
    return answer(browser, response)


@router.get("/login/otp")
async def otp(browser: BrowserDep) -> Response:
    given = browser.request.query_params
    who = await password_given(browser)
    if who is None:
        return _from_the_start(browser, given)
    return browser.keep(await _otp_page(browser, given, who))


@router.post("/login/otp")
async def give_code(browser: BrowserDep, form: PostedFormDep) -> Response:
    who = await password_given(browser)
    if who is None:
        return _from_the_start(browser, form)
    await pending_of(browser, form)
    if not who.user.has_confirmed_otp or not await browser.services.otp.use_code(
        who.user, form.get("code", "")
    ):
        return await _otp_page(browser, form, who, _wrong_code(browser))
    return await complete(browser, who.user, form, amr=(who.first_factor, OTP, SECOND_FACTOR))


@router.get("/login/enroll")
async def enroll(browser: BrowserDep) -> Response:
    given = browser.request.query_params
    who = await password_given(browser)
    if who is None or who.otp_secret is None:
        return _from_the_start(browser, given)
    return browser.keep(await _enroll_page(browser, given, who, who.otp_secret))


@router.post("/login/enroll")
async def confirm_enrolment(browser: BrowserDep, form: PostedFormDep) -> Response:
    who = await password_given(browser)
    if who is None or who.otp_secret is None:
        return _from_the_start(browser, form)
    await pending_of(browser, form)
    if not await browser.services.otp.use_code(who.user, form.get("code", "")):
        errors = _wrong_code(browser)
        return await _enroll_page(browser, form, who, who.otp_secret, errors)
    return await complete(browser, who.user, form, amr=(who.first_factor, OTP, SECOND_FACTOR))


async def _login_page(
    browser: Browser,
    given: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    *,
    status: int | None = None,
) -> Response:
    pending = await pending_of(browser, given)
    hint = pending.request.login_hint if pending is not None else None
    return sign_in_page(
        browser,
        "login.html",
        pending,
        given,
        errors,
        status=status,
        username=given.get("username") or hint or "",
        register_url=link("/create-account", given),
        can_register=browser.services.settings.registration_is_open,
    )


async def _otp_page(
    browser: Browser,
    given: Mapping[str, str],
    who: PasswordGiven,
    errors: Mapping[str, str] | None = None,
) -> Response:
    return sign_in_page(
        browser,
        "otp.html",
        await pending_of(browser, given),
        given,
        errors,
        person=_person(who),
        switch_url=link("/login", given),
    )


async def _enroll_page(
    browser: Browser,
    given: Mapping[str, str],
    who: PasswordGiven,
    secret: str,
    errors: Mapping[str, str] | None = None,
) -> Response:
    enrolment = await browser.services.otp.enrolment(secret, username=who.user.username)
    return sign_in_page(
        browser,
        "enroll.html",
        await pending_of(browser, given),
        given,
        errors,
        person=_person(who),
        switch_url=link("/login", given),
        qr_code=enrolment.qr_code,
        otp_uri=enrolment.otp_uri,
        secret_groups=[secret[place : place + 4] for place in range(0, len(secret), 4)],
    )


def _from_the_start(browser: Browser, given: Mapping[str, str]) -> Response:
    """The password was given too long ago, or in another browser."""
    return browser.keep(RedirectResponse(link("/login", given), status_code=303))


def _wrong_code(browser: Browser) -> dict[str, str]:
    text = text_for(browser.request)
    wrong = text(
        "That code is wrong or has expired. Open your authenticator app and enter the new one."
    )
    return {"code": wrong}


def _person(who: PasswordGiven) -> PersonView:
    return PersonView(who.user.username, who.user.username, initials_of(who.user.username))
