"""`/known-network`: the owner of an account that strangers guess at allows their own network."""

from fastapi import APIRouter
from starlette.responses import Response

from app.models.users import User
from app.observability import origin
from app.pages.browser import Browser, BrowserDep, PostedFormDep
from app.pages.links import forget_token, keep_token, kept_token, name_of, require_link_of_form
from app.pages.templating import page
from app.pages.views import PersonView, initials_of
from app.services.known_networks import PATH

router = APIRouter(include_in_schema=False)

COOKIE = "postern_known_network"


@router.get(PATH)
async def known_network(browser: BrowserDep) -> Response:
    """Show the page and change nothing: programs open links too."""
    token = browser.request.query_params.get("token")
    if token is not None:
        return keep_token(browser, token, cookie=COOKIE, path=PATH)
    valid = await browser.services.known_networks.find(kept_token(browser, cookie=COOKIE))
    if valid is None:
        return _expired(browser)
    link, user = valid
    return browser.keep(
        page(
            browser.request,
            "known_network.html",
            csrf_token=browser.csrf_token,
            link=name_of(link),
            address=origin.address(),
            person=_view_of(user),
            errors={},
        )
    )


@router.post(PATH)
async def confirm(browser: BrowserDep, form: PostedFormDep) -> Response:
    networks = browser.services.known_networks
    token = kept_token(browser, cookie=COOKIE)
    valid = await networks.find(token)
    if valid is None:
        return _expired(browser)
    require_link_of_form(form, valid[0])
    user = await networks.confirm(token)
    if user is None:
        return _expired(browser)
    done = page(browser.request, "known_network_done.html", person=_view_of(user), errors={})
    return forget_token(browser, done, cookie=COOKIE)


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
