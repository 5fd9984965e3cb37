"""Recent sign-ins, which changes to an account require."""

from datetime import timedelta

from app.pages.support import Browser, Continuation
from app.pages.support.urls import CONFIRM, LOGIN
from app.security.passwords import has_password
from app.services.accounts.sessions import SignedIn

FRESH = timedelta(minutes=10)
"""For how long after a sign-in a password, a factor or an email address can be changed."""


def is_fresh(browser: Browser, signed_in: SignedIn) -> bool:
    return browser.services.core.clock.now() - signed_in.session.auth_time <= FRESH


async def sign_in_again_url(browser: Browser, signed_in: SignedIn, place: str) -> str:
    """Return the page on which a signed-in user authenticates again.

    `place` is that of the account page on which they continue.
    """
    user, continuation = signed_in.user, Continuation(place=place)
    if has_password(user.password_hash) or await browser.services.factors.passkeys.count_of(user):
        return continuation.link(LOGIN, username=user.username)
    return continuation.link(CONFIRM)
