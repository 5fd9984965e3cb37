"""`/known-network`: page of the emailed link with which a user allows their own network.

The link is sent while failed attempts of others rate-limit sign-ins to the account.
"""

from starlette.responses import Response

from app.observability import request_context
from app.pages.support import PageRequest, PageRequestDep, page_router
from app.pages.support.email_links import expired_page, hide_token, link_cookie, opened_link
from app.pages.support.urls import KNOWN_NETWORK, LOGIN
from app.pages.support.view_models import view_of_user

router = page_router()

COOKIE = link_cookie("postern_known_network")


@router.get(KNOWN_NETWORK)
async def known_network(request: PageRequestDep) -> Response:
    """Show the page without changing anything, because mail scanners open links, too."""
    hide_token(request, COOKIE, path=KNOWN_NETWORK)
    opened = await opened_link(request, COOKIE, request.services.accounts.known_networks.find)
    if opened is None:
        return _expired(request)
    return request.page(
        "known_network.html",
        link=opened.name,
        address=request_context.address(),
        user=view_of_user(opened.user),
    )


@router.post(KNOWN_NETWORK)
async def confirm(request: PageRequestDep) -> Response:
    request.check()
    networks = request.services.accounts.known_networks
    opened = await opened_link(request, COOKIE, networks.find)
    user = await networks.confirm(opened.token) if opened is not None else None
    if user is None:
        return _expired(request)
    COOKIE.clear(request.browser)
    return request.page("known_network_done.html", user=view_of_user(user))


def _expired(request: PageRequest) -> Response:
    return expired_page(request, COOKIE, next_url=LOGIN)
