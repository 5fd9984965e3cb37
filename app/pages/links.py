"""Links from mails: their secret goes from the address into a cookie that only we can read.

So it stays in no history, no `Referer` and no screenshot, and opening the link does nothing yet:
programs that look into mails open every link.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from app.models.one_time_links import OneTimeLink
from app.pages.browser import Browser, FormExpiredError, cookie_name, set_cookie
from app.pages.protocol import see_other
from app.pages.sentences import N_
from app.security.encryption import SealError

LASTS = timedelta(minutes=30)
MAXIMUM_LENGTH = 200
FIELD = "link"
OTHER_LINK = N_("Another link was opened in this browser since. Open yours again.")


def keep_token(browser: Browser, token: str, *, cookie: str, path: str) -> Response:
    """Keeps the secret of a link in this browser, and goes to the page without it."""
    said = {"token": token[:MAXIMUM_LENGTH], "at": browser.services.clock.now().timestamp()}
    sealed = browser.services.box(cookie).seal(
        json.dumps(said).encode(), context=browser.identifier
    )
    response = see_other(path)
    set_cookie(browser.services, response, cookie, sealed.hex())
    return browser.keep(response)


def kept_token(browser: Browser, *, cookie: str) -> str:
    """The secret of the link that was opened here last; "" where none was, or too long ago."""
    sealed = browser.request.cookies.get(cookie_name(browser.services, cookie), "")
    try:
        opened = browser.services.box(cookie).open(
            bytes.fromhex(sealed), context=browser.identifier
        )
    except (SealError, ValueError):
        return ""
    said = json.loads(opened)
    kept_at = datetime.fromtimestamp(said["at"], UTC)
    return str(said["token"]) if browser.services.clock.now() - kept_at <= LASTS else ""


def name_of(link: OneTimeLink) -> str:
    """What a form says of the link that its page was about; it opens nothing."""
    return link.digest.hex()


def require_link_of_form(form: Mapping[str, str], link: OneTimeLink) -> None:
    """The cookie holds the link that was opened last, maybe another one than the page shows."""
    if form.get(FIELD) != name_of(link):
        raise FormExpiredError(OTHER_LINK)


def forget_token(browser: Browser, response: Response, *, cookie: str) -> Response:
    set_cookie(browser.services, response, cookie, "")
    return browser.keep(response)
