"""The end of a sign-in: the session of the authenticated user."""

from collections.abc import Sequence
from datetime import datetime

from starlette.responses import Response

from app.models.accounts.users import User
from app.pages.sign_in.state import AMR_MFA, SIGN_IN
from app.pages.sign_in.trusted_browsers import REMEMBER, remember_browser
from app.pages.support import GoToError, InteractionRequest, redirect
from app.pages.support.browser import address_of
from app.pages.support.urls import LOGIN
from app.services.accounts.events import AccountEvent

STAY_SIGNED_IN = "stay_signed_in"
"""The field of the forms with which a sign-in starts, set if the user asks to stay signed in."""


async def complete(
    request: InteractionRequest,
    user: User,
    *,
    amr: Sequence[str],
    auth_time: datetime | None = None,
    adds_factor: bool = False,
    provider: str | None = None,
    stays_signed_in: bool,
    response: Response | None = None,
) -> Response:
    """Start the session of an authenticated user, then return `response` or continue.

    `amr` lists the methods (RFC 8176) that the user authenticated with. `auth_time` is when they
    gave the first factor, if it was not now. If the sign-in only `adds_factor`, it continues their
    session. `provider` is the identity provider of the first factor, if it was one.
    `stays_signed_in` says whether they asked to stay signed in.
    """
    browser, services = request.browser, request.services
    secret_and_session = await services.accounts.sessions.begin(
        user,
        amr=amr,
        user_agent=browser.user_agent,
        address=address_of(browser.request),
        renews=browser.session_of(user),
        auth_time=auth_time,
        adds_factor=adds_factor,
        provider=provider,
        stays_signed_in=stays_signed_in,
        event=services.core.audit.event(
            AccountEvent.SIGN_IN_SUCCEEDED, user_id=user.user_id, by=" ".join(amr)
        ),
    )
    if secret_and_session is None:  # the user signed out meanwhile
        raise GoToError(LOGIN)
    secret, session = secret_and_session
    signed_in = await services.accounts.sessions.find(secret)
    if signed_in is not None:
        browser.begin(secret, signed_in)
        await services.accounts.authentication.signed_in(user)
    if request.pending is not None:
        await services.oauth.authorization.set_session(request.pending, session.session_id)
    if AMR_MFA in amr and request.fields.get(REMEMBER):
        await remember_browser(browser, user)
    SIGN_IN.clear(browser)
    return response or redirect(request.continuation.url)


def asks_to_stay(request: InteractionRequest) -> bool:
    """Return whether the user asked to stay signed in, where a sign-in starts."""
    return bool(request.fields.get(STAY_SIGNED_IN))
