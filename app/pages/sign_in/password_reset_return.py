"""Where a sign-in continues after a password reset: the request that led to `/recover`.

It is stored in a sealed cookie of the browser in which the user requested the email. The emailed
link does not contain it: opened in another browser, it ends on the plain sign-in page.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.responses import Response

from app.oauth.authorization.requests import UntrustedRequestError
from app.pages.sign_in.state import further_fields
from app.pages.support.browser import Browser, cookie_name, set_cookie
from app.pages.support.languages import language_fields
from app.security.encryption import SealError
from app.security.purposes import Purpose
from app.services.accounts.password_reset import LASTS

COOKIE = "postern_recover_way"
MAXIMUM_LENGTH = 200


def way_of(given: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a query or a form that say where a sign-in continues."""
    request_id = given.get("request_id", "")[:MAXIMUM_LENGTH]
    fields = {"request_id": request_id} if request_id else {}
    return {**fields, **further_fields(given), **language_fields(given)}


def keep_way(browser: Browser, response: Response, given: Mapping[str, str]) -> Response:
    """Store where the sign-in continues in a cookie, replacing the previous value."""
    payload = {"way": way_of(given), "at": browser.services.core.clock.now().timestamp()}
    sealed = browser.services.core.box(Purpose.PASSWORD_RESET_RETURN).seal(
        json.dumps(payload).encode(), context=browser.identifier
    )
    set_cookie(browser.services, response, COOKIE, sealed.hex(), lasts=LASTS)
    return response


async def kept_way(browser: Browser) -> dict[str, str]:
    """Return the stored fields, without a request that has expired or was completed meanwhile."""
    sealed = browser.request.cookies.get(cookie_name(browser.services, COOKIE), "")
    try:
        plaintext = browser.services.core.box(Purpose.PASSWORD_RESET_RETURN).open(
            bytes.fromhex(sealed), context=browser.identifier
        )
    except (SealError, ValueError):
        return {}
    payload = json.loads(plaintext)
    if browser.services.core.clock.now() - datetime.fromtimestamp(payload["at"], UTC) > LASTS:
        return {}
    way: dict[str, str] = payload["way"]
    if "request_id" in way and not await _is_pending(browser, way["request_id"]):
        del way["request_id"]
    return way


def forget_way(browser: Browser, response: Response) -> Response:
    set_cookie(browser.services, response, COOKIE, "")
    return response


async def _is_pending(browser: Browser, request_id: str) -> bool:
    try:
        await browser.services.oauth.authorization.find(request_id)
    except UntrustedRequestError:
        return False
    return True
