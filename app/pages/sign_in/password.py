"""`/login`: the username and password, then the code of the authenticator app."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.errors import OverloadedError, TooManyRequestsError
from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.oauth.authorization.interactions import InteractionKind
from app.oauth.authorization.pending import Pending
from app.oauth.errors import OAuth2Error
from app.pages.authorize.endpoint import answer
from app.pages.federation.state import refusal_message
from app.pages.sign_in.new_recovery_codes import codes_page
from app.pages.sign_in.state import (
    OTP,
    PASSWORD,
    SECOND_FACTOR,
    PasswordGiven,
    complete,
    link,
    password_given,
    pending_of,
    remember_password,
    sign_in_of_form,
    sign_in_page,
)
from app.pages.sign_in.trusted_browsers import is_remembered, remembered_days
from app.pages.support.browser import Browser, BrowserDep, PostedFormDep, TypedFormDep
from app.pages.support.forms import hints_for
from app.pages.support.languages import text_for
from app.pages.support.rate_limited import rate_limited_page
from app.pages.support.view_models import PersonView, groups_of, view_of_person, view_of_user
from app.security import usernames
from app.services.accounts.sessions import SignedIn

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def login(browser: BrowserDep) -> Response:
    query = browser.request.query_params
    return browser.keep(await login_page(browser, query, refusal_message(browser), status=200))


@router.post("/login")
async def give_password(browser: BrowserDep, form: TypedFormDep) -> Response:
    text = text_for(browser.request)
    await pending_of(browser, form)
    if hints := hints_for(browser.request, form, "username", "password"):
        return await login_page(browser, form, hints)
    username, password = form.get("username", "").strip(), form.get("password", "")
    if not username or not password:
        missing = text("Enter your username.") if not username else text("Enter your password.")
        field = "password" if username else "username"
        return await login_page(browser, form, {field: missing})
    try:
        user = await browser.services.accounts.authentication.check_password(username, password)
    except TooManyRequestsError as error:
        return await rate_limited_page(
            browser.request,
            error,
            lambda said: login_page(browser, form, said),
        )
    except OverloadedError:
        busy = text("Too many people are signing in right now. Try again in a minute.")
        return await login_page(browser, form, {"": busy}, status=503)
    if user is None:
        return await login_page(browser, form, {"": text("Wrong username or password.")})
    if await is_remembered(browser, user):
        return await complete(browser, user, form, amr=(PASSWORD,))
    return await ask_second_factor(browser, user, form)


@router.post("/login/cancel")
async def cancel(browser: BrowserDep, form: PostedFormDep) -> Response:
    response = await browser.services.oauth.authorization.cancel(form.get("request_id", ""))
    return answer(browser, response)


@router.get("/login/otp")
async def otp(browser: BrowserDep) -> Response:
    query = browser.request.query_params
    sign_in = await password_given(browser)
    if sign_in is None:
        return from_the_start(browser, query)
    return browser.keep(await otp_page(browser, query, sign_in))


@router.post("/login/otp")
async def give_code(browser: BrowserDep, form: TypedFormDep) -> Response:
    sign_in = await sign_in_of_form(browser, form)
    if sign_in is None:
        return from_the_start(browser, form)
    await pending_of(browser, form)
    if hints := hints_for(browser.request, form, "code"):
        return await otp_page(browser, form, sign_in, hints)
    try:
        is_valid = sign_in.user.has_confirmed_otp and await browser.services.factors.otp.use_code(
            sign_in.user, form.get("code", "")
        )
    except TooManyRequestsError as error:
        return await rate_limited_page(
            browser.request,
            error,
            lambda said: otp_page(browser, form, sign_in, said),
        )
    if not is_valid:
        return await otp_page(browser, form, sign_in, wrong_code(browser))
    amr = (sign_in.first_factor, OTP, SECOND_FACTOR)
    return await complete(browser, sign_in.user, form, amr=amr, first=sign_in)


@router.get("/login/enroll")
async def enroll(browser: BrowserDep) -> Response:
    query = browser.request.query_params
    sign_in = await password_given(browser)
    if sign_in is None or sign_in.otp_secret is None:
        return from_the_start(browser, query)
    return browser.keep(await _enroll_page(browser, query, sign_in, sign_in.otp_secret))


@router.post("/login/enroll")
async def confirm_enrolment(browser: BrowserDep, form: TypedFormDep) -> Response:
    sign_in = await sign_in_of_form(browser, form)
    if (
        sign_in is None
        or sign_in.otp_secret is None
        or await browser.services.factors.passkeys.count_of(sign_in.user)
    ):
        return from_the_start(browser, form)  # a passkey added meanwhile is required
    await pending_of(browser, form)
    secret = sign_in.otp_secret
    if hints := hints_for(browser.request, form, "code"):
        return await _enroll_page(browser, form, sign_in, secret, hints)
    try:
        is_valid = await browser.services.factors.otp.use_code(sign_in.user, form.get("code", ""))
    except TooManyRequestsError as error:
        return await rate_limited_page(
            browser.request,
            error,
            lambda said: _enroll_page(browser, form, sign_in, secret, said),
        )
    if not is_valid:
        return await _enroll_page(browser, form, sign_in, secret, wrong_code(browser))
    amr = (sign_in.first_factor, OTP, SECOND_FACTOR)
    codes = await browser.services.factors.recovery_codes.make(sign_in.user)
    response = await codes_page(browser, sign_in.user, form, codes) if codes is not None else None
    return await complete(
        browser,
        sign_in.user,
        form,
        amr=amr,
        first=sign_in,
        response=response,
    )


async def ask_second_factor(
    browser: Browser,
    user: User,
    given: Mapping[str, str],
    *,
    first_factor: str = PASSWORD,
    session: Session | None = None,
    auth_time: datetime | None = None,
) -> Response:
    """Redirect a user who has given the first factor to the page of the second factor.

    The first factor was given now, at `auth_time`, or at the `auth_time` of `session`. A user
    without a confirmed TOTP gets one to enrol.
    """
    secret = None
    if not user.has_confirmed_otp:
        secret = await browser.services.accounts.users.begin_enrolment(user)
    path = "/login/enroll" if secret is not None else "/login/otp"
    response = RedirectResponse(link(path, given), status_code=303)
    return remember_password(
        browser,
        response,
        user,
        otp_secret=secret,
        first_factor=first_factor,
        session=session,
        auth_time=auth_time,
    )


async def login_page(
    browser: Browser,
    given: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    *,
    status: int | None = None,
) -> Response:
    pending = await pending_of(browser, given)
    login_hint = pending.request.login_hint if pending is not None else None
    signed_in = await _person_asked_again(browser, pending, given)
    current_username = signed_in.user.username if signed_in is not None else ""
    return sign_in_page(
        browser,
        "login.html",
        pending,
        given,
        errors,
        status=status,
        username=given.get("username") or login_hint or current_username,
        person=view_of_person(signed_in) if signed_in is not None else None,
        switch_url=link("/login", given, other="1"),
        recover_url=link("/recover", given),
        register_url=link("/create-account", given),
        can_register=browser.services.core.registration_policy.is_open_to_users,
        can_recover=browser.services.accounts.password_reset.is_offered,
        has_new_password=given.get("done") == "password" and not errors,
        providers=await browser.services.federation.identity_providers.list_enabled(),
        passkeys=browser.services.factors.passkeys.origin,
    )


async def _person_asked_again(
    browser: Browser, pending: Pending | None, given: Mapping[str, str]
) -> SignedIn | None:
    """Return the signed-in user who must sign in again because of `prompt=login` or `max_age`.

    Return None if another username was typed or another account was chosen.
    """
    if pending is None or given.get("other"):
        return None
    try:
        position = await browser.services.oauth.authorization.position(pending, browser.signed_in)
    except OAuth2Error:  # a sign-in cannot fix it; it is reported when the request resumes
        return None
    signed_in = position.signed_in if position.step is InteractionKind.LOGIN else None
    username = given.get("username") or pending.request.login_hint
    if signed_in is None or (
        username and usernames.key_or_none(username) != signed_in.user.username_key
    ):
        return None
    return signed_in


async def otp_page(
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
        sign_in=who,
        person=_person(who),
        switch_url=link("/login", given),
        recovery_url=link("/login/recovery", given),
        remember_days=remembered_days(browser),
        has_app=who.user.has_confirmed_otp,
        passkeys=await browser.services.factors.passkeys.origin_for(who.user),
    )


async def _enroll_page(
    browser: Browser,
    given: Mapping[str, str],
    who: PasswordGiven,
    secret: str,
    errors: Mapping[str, str] | None = None,
) -> Response:
    enrolment = await browser.services.factors.otp.enrolment(secret, username=who.user.username)
    return sign_in_page(
        browser,
        "enroll.html",
        await pending_of(browser, given),
        given,
        errors,
        sign_in=who,
        person=_person(who),
        switch_url=link("/login", given),
        qr_code=enrolment.qr_code,
        otp_uri=enrolment.otp_uri,
        secret_groups=groups_of(secret),
    )


def from_the_start(browser: Browser, given: Mapping[str, str]) -> Response:
    """Redirect to the sign-in page: the first factor has expired, or is from another browser."""
    return browser.keep(RedirectResponse(link("/login", given), status_code=303))


def wrong_code(browser: Browser) -> dict[str, str]:
    text = text_for(browser.request)
    wrong = text(
        "That code is wrong or has expired. Open your authenticator app and enter the current code."
    )
    return {"code": wrong}


def _person(who: PasswordGiven) -> PersonView:
    return view_of_user(who.user)
