"""`/known-network`: page of the emailed link with which a user allows their own network.

The link is sent while failed attempts of others rate-limit sign-ins to the account.
"""

from fastapi import APIRouter
from starlette.responses import Response

from app.models.accounts.users import User
from app.observability import request_context
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
from app.services.operations.links import KNOWN_NETWORK_PATH

router = APIRouter(include_in_schema=False)

COOKIE = "postern_known_network"


@router.get(KNOWN_NETWORK_PATH)
async def known_network(browser: BrowserDep) -> Response:
    """Show the page without changing anything, because mail scanners open links, too."""
    token = browser.request.query_params.get("token")
    if token is not None:
        return keep_token(browser, token, cookie=COOKIE, path=KNOWN_NETWORK_PATH)
    link_and_user = await browser.services.accounts.known_networks.find(
        kept_token(browser, cookie=COOKIE)
    )
    if link_and_user is None:
        return _expired(browser)
    link, user = link_and_user
    return browser.keep(
        page(
            browser.request,
            "known_network.html",
            csrf_token=browser.csrf_token,
            link=name_of(link),
            address=request_context.address(),
            person=_view_of(user),
            errors={},
        )
    )


@router.post(KNOWN_NETWORK_PATH)
async def confirm(browser: BrowserDep, form: PostedFormDep) -> Response:
    networks = browser.services.accounts.known_networks
    token = kept_token(browser, cookie=COOKIE)
    link_and_user = await networks.find(token)
    if link_and_user is None:
        return _expired(browser)
    require_link_of_form(form, link_and_user[0])
    user = await networks.confirm(token)
    if user is None:
        return _expired(browser)
    response = page(browser.request, "known_network_done.html", person=_view_of(user), errors={})
    return forget_token(browser, response, cookie=COOKIE)


def _expired(browser: Browser) -> Response:
    response = page(
        browser.request,
        "link_expired.html",
        status=410,
        next_url="/login",
        can_get_new=False,
        is_for_password=False,
        errors={},
    )
    return forget_token(browser, response, cookie=COOKIE)


def _view_of(user: User) -> PersonView:
    return PersonView(user.username, user.username, initials_of(user.username))
