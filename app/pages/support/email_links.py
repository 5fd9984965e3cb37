"""Emailed links: their token is moved from the URL into a cookie that only this server can read.

So the token does not stay in the history, a `Referer` or a screenshot. Opening a link does not
change anything, because mail scanners open every link.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.accounts.one_time_links import OneTimeLink
from app.models.accounts.users import User
from app.pages.support.browser import AnswerInsteadError
from app.pages.support.cookies import SealedCookie
from app.pages.support.forms import FormExpiredError
from app.pages.support.page_requests import PageRequest
from app.pages.support.responses import see_other
from app.security.purposes import Purpose

LASTS = timedelta(minutes=30)
MAXIMUM_LENGTH = 200
FIELD = "link"
OTHER_LINK = N_("A different link has been opened in this browser. Open your link again.")

Finder = Callable[[str], Awaitable[tuple[OneTimeLink, User] | None]]


@dataclass(frozen=True, slots=True)
class StoredLink:
    """The content of the cookie: a token, and when its link was opened."""

    token: str
    at: float


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A valid link that was opened in this browser, with its token and its user.

    `name` is how a form refers to the link of its page; it does not grant access.
    """

    token: str
    link: OneTimeLink
    user: User

    @property
    def name(self) -> str:
        return self.link.digest.hex()


def link_cookie(name: str) -> SealedCookie[StoredLink]:
    """Return the cookie for the token of the link last opened in a browser."""
    return SealedCookie(
        name=name, content=StoredLink, purpose=Purpose(name), since="at", lasts=LASTS
    )


def hide_token(request: PageRequest, cookie: SealedCookie[StoredLink], *, path: str) -> None:
    """If the URL has a token, store it in the cookie, and redirect to the page without it."""
    token = request.fields.get("token")
    if token is not None:
        now = request.services.core.clock.now()
        cookie.set(request.browser, StoredLink(token[:MAXIMUM_LENGTH], now.timestamp()))
        raise AnswerInsteadError(see_other(path))


async def opened_link(
    request: PageRequest, cookie: SealedCookie[StoredLink], find: Finder
) -> OpenedLink | None:
    """Return the link last opened in this browser, or None if it is not valid any more.

    The form of a page may be for another link than the cookie, which holds the link that was opened
    last. Then raise `FormExpiredError`.
    """
    stored = cookie.get(request.browser)
    token = stored.token if stored is not None else ""
    link_and_user = await find(token)
    if link_and_user is None:
        return None
    opened = OpenedLink(token, *link_and_user)
    if request.is_form and request.fields.get(FIELD) != opened.name:
        raise FormExpiredError(OTHER_LINK)
    return opened


def expired_page(
    request: PageRequest,
    cookie: SealedCookie[StoredLink],
    *,
    next_url: str,
    can_get_new: bool = False,
    is_for_password: bool = False,
) -> Response:
    """Return a page that leads to a new link, and forget the token of the old one."""
    cookie.clear(request.browser)
    return request.page(
        "link_expired.html",
        status=410,
        next_url=next_url,
        can_get_new=can_get_new,
        is_for_password=is_for_password,
    )
