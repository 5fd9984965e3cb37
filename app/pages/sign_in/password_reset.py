"""`/recover`: reset of a forgotten password by a link sent to the user's verified email address."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.details import Detail
from app.errors import InvalidInputError, NotFoundError, OverloadedError, TooManyRequestsError
from app.models.accounts.one_time_links import OneTimeLink
from app.models.accounts.users import User
from app.pages.sign_in.password_reset_return import forget_way, keep_way, kept_way
from app.pages.sign_in.state import further_fields, link
from app.pages.support.browser import Browser, BrowserDep, TypedFormDep
from app.pages.support.email_links import (
    forget_token,
    keep_token,
    kept_token,
    name_of,
    require_link_of_form,
)
from app.pages.support.forms import hints_for
from app.pages.support.languages import language_for, text_for
from app.pages.support.templating import page
from app.services.operations.links import NEW_PASSWORD_PATH

router = APIRouter(include_in_schema=False)

PATH = "/recover"
COOKIE = "postern_recover"
MAXIMUM_LENGTH = 254


@router.get(PATH)
async def recover(browser: BrowserDep) -> Response:
    _require_mail(browser)
    return browser.keep(_ask(browser, browser.request.query_params, ""))


@router.post(PATH)
async def send(browser: BrowserDep, form: TypedFormDep) -> Response:
    """Send a reset link, without revealing whether the account exists.

    The response and the work done are the same in both cases.
    """
    _require_mail(browser)
    text = text_for(browser.request)
    username = form.get("username", "").strip()[:MAXIMUM_LENGTH]
    if hints := hints_for(browser.request, form, "username"):
        return _ask(browser, form, username, hints)
    if not username:
        missing = text("Enter your username or email address.")
        return _ask(browser, form, "", {"username": missing})
    try:
        await browser.services.accounts.password_reset.request(
            username, language=language_for(browser.request)
        )
    except TooManyRequestsError as error:
        wait = text("Too many emails requested. Try again in %(minutes)s min.")
        minutes = -(-error.retry_after // 60)
        response = _ask(browser, form, username, {"": wait % {"minutes": minutes}}, status=429)
        response.headers.update(error.headers())
        return response
    response = page(
        browser.request,
        "recover_sent.html",
        login_url=link("/login", form),
        recover_url=link(PATH, form),
        errors={},
    )
    return browser.keep(keep_way(browser, response, form))


@router.get(NEW_PASSWORD_PATH)
async def new_password(browser: BrowserDep) -> Response:
    """Show the page without changing anything, because mail scanners open links, too."""
    token = browser.request.query_params.get("token")
    if token is not None:
        return keep_token(browser, token, cookie=COOKIE, path=NEW_PASSWORD_PATH)
    link_and_user = await browser.services.accounts.password_reset.find(
        kept_token(browser, cookie=COOKIE)
    )
    return (
        await _expired(browser)
        if link_and_user is None
        else browser.keep(_new(browser, link_and_user))
    )


@router.post(NEW_PASSWORD_PATH)
async def set_password(browser: BrowserDep, form: TypedFormDep) -> Response:
    text = text_for(browser.request)
    recovery = browser.services.accounts.password_reset
    token = kept_token(browser, cookie=COOKIE)
    link_and_user = await recovery.find(token)
    if link_and_user is None:
        return await _expired(browser)
    require_link_of_form(form, link_and_user[0])
    if hints := hints_for(browser.request, form, "password"):
        return _new(browser, link_and_user, hints)
    try:
        is_set = await recovery.set_password(token, form.get("password", ""))
    except InvalidInputError as error:
        return _new(browser, link_and_user, {"password": text(error.detail)})
    except OverloadedError:
        busy = text("Too many people are signing in right now. Try again in a minute.")
        return _new(browser, link_and_user, {"": busy}, status=503)
    if not is_set:
        return await _expired(browser)
    url = link("/login", await kept_way(browser), done="password")
    response = forget_way(browser, RedirectResponse(url, status_code=303))
    return forget_token(browser, response, cookie=COOKIE)


def _ask(
    browser: Browser,
    given: Mapping[str, str],
    username: str,
    errors: Mapping[str, str] | None = None,
    *,
    status: int | None = None,
) -> Response:
    return page(
        browser.request,
        "recover.html",
        status=status or (400 if errors else 200),
        csrf_token=browser.csrf_token,
        request_id=given.get("request_id", ""),
        further=further_fields(given),
        login_url=link("/login", given),
        username=username,
        errors=errors or {},
    )


def _new(
    browser: Browser,
    found: tuple[OneTimeLink, User],
    errors: Mapping[str, str] | None = None,
    *,
    status: int | None = None,
) -> Response:
    reset_link, user = found
    return page(
        browser.request,
        "recover_new.html",
        status=status or (400 if errors else 200),
        csrf_token=browser.csrf_token,
        link=name_of(reset_link),
        username=user.username,
        errors=errors or {},
    )


async def _expired(browser: Browser) -> Response:
    next_url = PATH if browser.services.accounts.password_reset.is_offered else "/login"
    response = page(
        browser.request,
        "link_expired.html",
        status=410,
        next_url=link(next_url, await kept_way(browser)),
        can_get_new=browser.services.accounts.password_reset.is_offered,
        is_for_password=True,
        errors={},
    )
    return forget_token(browser, response, cookie=COOKIE)


def _require_mail(browser: Browser) -> None:
    if not browser.services.accounts.password_reset.is_offered:
        raise NotFoundError(Detail.PASSWORD_RESET_OFF)
