"""Where a sign-in continues after a password reset: the request that led to `/recover`.

It is stored in a sealed cookie of the browser in which the user requested the email. The emailed
link does not contain it: opened in another browser, it ends on the plain sign-in page.
"""

from dataclasses import dataclass, replace

from app.oauth.authorization.requests import UntrustedRequestError
from app.pages.support import Browser, Continuation, continuation_of
from app.pages.support.cookies import SealedCookie
from app.security.purposes import Purpose
from app.services.accounts.password_reset import LASTS

NAME = "postern_recover_way"
MAXIMUM_LENGTH = 200


@dataclass(frozen=True, slots=True)
class StoredReturn:
    """The content of the cookie: the fields of a `Continuation`, and when they were stored."""

    way: dict[str, str]
    at: float


RETURN = SealedCookie(
    name=NAME,
    content=StoredReturn,
    purpose=Purpose.PASSWORD_RESET_RETURN,
    since="at",
    lasts=LASTS,
    max_age=LASTS,
)


def store_return(browser: Browser, continuation: Continuation) -> None:
    """Store where the sign-in continues in a cookie, replacing the previous value."""
    continuation = replace(continuation, request_id=continuation.request_id[:MAXIMUM_LENGTH])
    now = browser.services.core.clock.now()
    RETURN.set(browser, StoredReturn({**continuation.fields}, now.timestamp()))


async def stored_return(browser: Browser) -> Continuation:
    """Return where the sign-in continues.

    A request that has expired or was completed meanwhile is left out.
    """
    stored = RETURN.get(browser)
    continuation = continuation_of(browser.request, stored.way if stored is not None else {})
    if continuation.request_id and not await _is_pending(browser, continuation.request_id):
        return replace(continuation, request_id="")
    return continuation


async def _is_pending(browser: Browser, request_id: str) -> bool:
    try:
        await browser.services.oauth.authorization.find(request_id)
    except UntrustedRequestError:
        return False
    return True
