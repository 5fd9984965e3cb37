"""`/verify-email`: the user opens the emailed link and confirms that the address is theirs."""

from fastapi import APIRouter
from starlette.responses import Response

from app.models.accounts.users import User
from app.pages.support.browser import Browser, BrowserDep, PostedFormDep
from app.pages.support.email_links import (
    forget_token,
    keep_token,
    kept_token,
    name_of,
    require_link_of_form,
)
from app.pages.support.templating import page
from app.pages.support.view_models import PersonView, initials_of
from app.services.operations.links import VERIFY_EMAIL_PATH

router = APIRouter(include_in_schema=False)

COOKIE = "postern_verify_email"


@router.get(VERIFY_EMAIL_PATH)
async def verify_email(browser: BrowserDep) -> Response:
    """Show the page without changing anything, because mail scanners open links, too."""
    token = browser.request.query_params.get("token")
    if token is not None:
        return keep_token(browser, token, cookie=COOKIE, path=VERIFY_EMAIL_PATH)
    link_and_user = await browser.services.accounts.email_verification.find(
        kept_token(browser, cookie=COOKIE)
    )
    if link_and_user is None:
        return _expired(browser)
    link, user = link_and_user
    return browser.keep(
        page(
            browser.request,
            "verify_email.html",
            csrf_token=browser.csrf_token,
            email=link.email,
            link=name_of(link),
            person=_view_of(user),
            errors={},
        )
    )


@router.post(VERIFY_EMAIL_PATH)
async def confirm(browser: BrowserDep, form: PostedFormDep) -> Response:
    email_verification = browser.services.accounts.email_verification
    token = kept_token(browser, cookie=COOKIE)
    link_and_user = await email_verification.find(token)
    if link_and_user is None:
        return _expired(browser)
    require_link_of_form(form, link_and_user[0])
    user = await email_verification.confirm(token)
    if user is None:
        return _expired(browser)
    response = page(browser.request, "email_verified.html", person=_view_of(user), errors={})
    return forget_token(browser, response, cookie=COOKIE)


def _expired(browser: Browser) -> Response:
    can_get_new = browser.services.accounts.email_verification.is_offered
    response = page(
        browser.request,
        "link_expired.html",
        status=410,
        next_url="/account/email" if can_get_new else "/account",
        can_get_new=can_get_new,
        is_for_password=False,
        errors={},
    )
    return forget_token(browser, response, cookie=COOKIE)


def _view_of(user: User) -> PersonView:
    return PersonView(user.username, user.username, initials_of(user.username))
