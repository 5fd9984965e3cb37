"""`/verify-email`: who opens the link in the mail and says so has the mailbox."""

from fastapi import APIRouter
from starlette.responses import Response

from app.models.users import User
from app.pages.browser import Browser, BrowserDep, PostedFormDep
from app.pages.links import forget_token, keep_token, kept_token, name_of, require_link_of_form
from app.pages.templating import page
from app.pages.views import PersonView, initials_of
from app.services.email_addresses import PATH

router = APIRouter(include_in_schema=False)

COOKIE = "postern_verify_email"


@router.get(PATH)
async def verify_email(browser: BrowserDep) -> Response:
    """Changes nothing: also programs open links."""
    token = browser.request.query_params.get("token")
    if token is not None:
        return keep_token(browser, token, cookie=COOKIE, path=PATH)
    found = await browser.services.email_addresses.find(kept_token(browser, cookie=COOKIE))
    if found is None:
        return _expired(browser)
    link, user = found
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


@router.post(PATH)
async def confirm(browser: BrowserDep, form: PostedFormDep) -> Response:
    addresses = browser.services.email_addresses
    token = kept_token(browser, cookie=COOKIE)
    found = await addresses.find(token)
    if found is None:
        return _expired(browser)
    require_link_of_form(form, found[0])
    user = await addresses.confirm(token)
    if user is None:
        return _expired(browser)
    done = page(browser.request, "email_verified.html", person=_view_of(user), errors={})
    return forget_token(browser, done, cookie=COOKIE)


def _expired(browser: Browser) -> Response:
    response = page(
        browser.request,
        "link_expired.html",
        status=410,
        next_url="/account/email" if browser.services.settings.has_mail else "/account",
        can_get_new=browser.services.settings.has_mail,
        is_for_password=False,
        errors={},
    )
    return forget_token(browser, response, cookie=COOKIE)


def _view_of(user: User) -> PersonView:
    return PersonView(user.username, user.username, initials_of(user.username))
