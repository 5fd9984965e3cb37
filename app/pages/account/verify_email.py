"""`/verify-email`: the user opens the emailed link and confirms that the address is theirs."""

from starlette.responses import Response

from app.pages.support import PageRequest, PageRequestDep, page_router
from app.pages.support.email_links import expired_page, hide_token, link_cookie, opened_link
from app.pages.support.urls import ACCOUNT, VERIFY_EMAIL
from app.pages.support.view_models import view_of_user

router = page_router()

COOKIE = link_cookie("postern_verify_email")


@router.get(VERIFY_EMAIL)
async def verify_email(request: PageRequestDep) -> Response:
    """Show the page without changing anything, because mail scanners open links, too."""
    hide_token(request, COOKIE, path=VERIFY_EMAIL)
    opened = await opened_link(request, COOKIE, request.services.accounts.email_verification.find)
    if opened is None:
        return _expired(request)
    return request.page(
        "verify_email.html",
        email=opened.link.email,
        link=opened.name,
        user=view_of_user(opened.user),
    )


@router.post(VERIFY_EMAIL)
async def confirm(request: PageRequestDep) -> Response:
    request.check()
    email_verification = request.services.accounts.email_verification
    opened = await opened_link(request, COOKIE, email_verification.find)
    user = await email_verification.confirm(opened.token) if opened is not None else None
    if user is None:
        return _expired(request)
    COOKIE.clear(request.browser)
    return request.page("email_verified.html", user=view_of_user(user))


def _expired(request: PageRequest) -> Response:
    can_get_new = request.services.accounts.email_verification.is_offered
    next_url = f"{ACCOUNT}/email" if can_get_new else ACCOUNT
    return expired_page(request, COOKIE, next_url=next_url, can_get_new=can_get_new)
