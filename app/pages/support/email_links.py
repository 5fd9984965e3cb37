"""Emailed links: their token is moved from the URL into a cookie that only this server can read.

So the token does not stay in the history, a `Referer` or a screenshot. Opening a link does not
change anything, because mail scanners open every link.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.accounts.one_time_links import OneTimeLink
from app.pages.support.browser import Browser, FormExpiredError, cookie_name, set_cookie
from app.pages.support.request_parameters import see_other
from app.security.encryption import SealError
from app.security.purposes import Purpose

LASTS = timedelta(minutes=30)
MAXIMUM_LENGTH = 200
FIELD = "link"
OTHER_LINK = N_("A different link has been opened in this browser. Open your link again.")


def keep_token(browser: Browser, token: str, *, cookie: str, path: str) -> Response:
    """Store the token of a link in a cookie, and redirect to the page without it in the URL."""
    payload = {"token": token[:MAXIMUM_LENGTH], "at": browser.services.core.clock.now().timestamp()}
    sealed = browser.services.core.box(Purpose(cookie)).seal(
        json.dumps(payload).encode(), context=browser.identifier
    )
    response = see_other(path)
    set_cookie(browser.services, response, cookie, sealed.hex())
    return browser.keep(response)


def kept_token(browser: Browser, *, cookie: str) -> str:
    """Return the token of the link last opened in this browser; "" after LASTS or if none was."""
    sealed = browser.request.cookies.get(cookie_name(browser.services, cookie), "")
    try:
        plaintext = browser.services.core.box(Purpose(cookie)).open(
            bytes.fromhex(sealed), context=browser.identifier
        )
    except (SealError, ValueError):
        return ""
    payload = json.loads(plaintext)
    stored_at = datetime.fromtimestamp(payload["at"], UTC)
    return str(payload["token"]) if browser.services.core.clock.now() - stored_at <= LASTS else ""


def name_of(link: OneTimeLink) -> str:
    """Return the name by which a form refers to the link of its page; it does not grant access."""
    return link.digest.hex()


def require_link_of_form(form: Mapping[str, str], link: OneTimeLink) -> None:
    """Raise `FormExpiredError` if the form is for another link than the cookie.

    The cookie holds the link that was opened last, which may differ from the link of the page.
    """
    if form.get(FIELD) != name_of(link):
        raise FormExpiredError(OTHER_LINK)


def forget_token(browser: Browser, response: Response, *, cookie: str) -> Response:
    set_cookie(browser.services, response, cookie, "")
    return browser.keep(response)
