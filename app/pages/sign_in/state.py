"""State of a sign-in between the first and the second factor, and the creation of the session.

The state is stored in a sealed cookie for `LASTS` and is not valid in another browser.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.oauth.authorization.pending import Pending
from app.pages.sign_in.trusted_browsers import REMEMBER, remember_browser
from app.pages.support.browser import (
    SIGN_IN_COOKIE,
    Browser,
    GoToError,
    address_of,
    cookie_name,
    set_cookie,
)
from app.pages.support.languages import language_fields, remember_ui_locales
from app.pages.support.templating import page
from app.pages.support.view_models import ClientView, view_of_client
from app.security.encryption import SealError, SecretBox
from app.security.purposes import Purpose
from app.services.accounts.events import AccountEvent

LASTS = timedelta(minutes=10)
PASSWORD = "pwd"
OTP = "otp"
SECOND_FACTOR = "mfa"
DEVICE = "device"
ACCOUNT_PLACES = frozenset(
    {
        "authenticator",
        "connections",
        "data",
        "email",
        "passkeys",
        "password",
        "profile",
        "recovery-codes",
    }
)
"""Account pages that require a recent sign-in, by the last part of their path."""


@dataclass(frozen=True, slots=True)
class PasswordGiven:
    """A sign-in whose first factor has been given.

    `otp_secret` is set while the page enrols a TOTP. `first_factor` is the first factor as an RFC
    8176 method. `auth_time` is when it was given, according to a session or an identity provider;
    None means now. `adds_factor` is True if the sign-in adds a factor to an existing session.
    """

    user: User
    otp_secret: str | None
    first_factor: str = PASSWORD
    auth_time: datetime | None = None
    adds_factor: bool = False


def remember_password(
    browser: Browser,
    response: Response,
    user: User,
    *,
    otp_secret: str | None = None,
    first_factor: str = PASSWORD,
    session: Session | None = None,
    auth_time: datetime | None = None,
) -> Response:
    """Store in a cookie that the user has given the first factor.

    It was given now, at `auth_time`, or at the `auth_time` of `session`.
    """
    auth_time = session.auth_time if session is not None else auth_time
    payload = {
        "user_id": user.user_id,
        "credentials_version": user.credentials_version,
        "given_at": browser.services.core.clock.now().timestamp(),
        "otp_secret": otp_secret,
        "first_factor": first_factor,
        "session_id": session.session_id if session is not None else None,
        "auth_time": auth_time.timestamp() if auth_time is not None else None,
    }
    sealed = _box(browser).seal(json.dumps(payload).encode(), context=browser.identifier)
    set_cookie(browser.services, response, SIGN_IN_COOKIE, sealed.hex())
    return browser.keep(response)


async def password_given(browser: Browser) -> PasswordGiven | None:
    """Return the sign-in whose first factor was given in this browser within `LASTS`, or None."""
    sealed = browser.request.cookies.get(cookie_name(browser.services, SIGN_IN_COOKIE), "")
    try:
        plaintext = _box(browser).open(bytes.fromhex(sealed), context=browser.identifier)
    except (SealError, ValueError):
        return None
    payload = json.loads(plaintext)
    given_at = datetime.fromtimestamp(payload["given_at"], UTC)
    user = await browser.services.accounts.users.find(payload["user_id"])
    if (
        user is None
        or user.is_disabled
        or user.credentials_version != payload["credentials_version"]
        or browser.services.core.clock.now() - given_at > LASTS
        or payload["session_id"] not in (None, browser.session_of(user))
    ):
        return None
    auth_time = payload["auth_time"]
    return PasswordGiven(
        user,
        payload["otp_secret"],
        payload["first_factor"],
        auth_time=datetime.fromtimestamp(auth_time, UTC) if auth_time is not None else given_at,
        adds_factor=payload["session_id"] is not None,
    )


PAGE_USERNAME_FIELD = "page_username"


async def sign_in_of_form(browser: Browser, form: Mapping[str, str]) -> PasswordGiven | None:
    """Return the sign-in that a posted form belongs to, or None if it is no longer valid.

    A browser has one sign-in at a time. If another user has started one since the page was shown,
    the form is not applied to it, and the sign-in page explains why.
    """
    sign_in = await password_given(browser)
    if sign_in is not None and form.get(PAGE_USERNAME_FIELD) != sign_in.user.username:
        raise GoToError(link("/login", form, told="other"))
    return sign_in


async def has_second_factor(browser: Browser, user: User) -> bool:
    return user.has_confirmed_otp or await browser.services.factors.passkeys.count_of(user) > 0


async def complete(
    browser: Browser,
    user: User,
    form: Mapping[str, str],
    *,
    amr: Sequence[str],
    first: PasswordGiven | None = None,
    response: Response | None = None,
) -> Response:
    """Start the session of an authenticated user, then return `response` or redirect by `after`.

    `amr` lists the methods (RFC 8176) that the user authenticated with; `first` is the state of
    the sign-in after its first factor.
    """
    services = browser.services
    secret_and_session = await services.accounts.sessions.begin(
        user,
        amr=amr,
        user_agent=browser.request.headers.get("user-agent", ""),
        address=address_of(browser.request),
        renews=browser.session_of(user),
        auth_time=first.auth_time if first is not None else None,
        adds_factor=first is not None and first.adds_factor,
        event=services.core.audit.event(
            AccountEvent.SIGN_IN_SUCCEEDED, user_id=user.user_id, by=" ".join(amr)
        ),
    )
    if secret_and_session is None:  # the user signed out meanwhile
        raise GoToError("/login")
    secret, session = secret_and_session
    signed_in = await services.accounts.sessions.find(secret)
    if signed_in is not None:
        browser.begin(secret, signed_in)
        await services.accounts.authentication.signed_in(user)
    request_id = form.get("request_id", "")
    if request_id:
        await services.oauth.authorization.set_session(request_id, session.session_id)
    response = response or RedirectResponse(after(form), status_code=303)
    set_cookie(services, response, SIGN_IN_COOKIE, "")
    if SECOND_FACTOR in amr and form.get(REMEMBER):
        await remember_browser(browser, response, user)
    return browser.keep(response)


def after(form: Mapping[str, str]) -> str:
    """Return the path on which to continue after a sign-in.

    It is always a page of this server; no value of the form becomes a URL (SECURITY_BAR row 32).
    """
    if form.get("request_id"):
        return _path("/authorize/resume", {"request_id": form["request_id"]}, form)
    if form.get("next") == DEVICE:
        return _path("/device", {"user_code": form.get("user_code", "")}, form)
    place = form.get("next", "")
    return _path(f"/account/{place}" if place in ACCOUNT_PLACES else "/account", {}, form)


def _path(path: str, fields: Mapping[str, str], given: Mapping[str, str]) -> str:
    query = urlencode({**fields, **language_fields(given)})
    return f"{path}?{query}" if query else path


def further_fields(given: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that pages pass on to the next page, apart from the request id."""
    place = given.get("next", "")
    if place == DEVICE:
        return {"next": DEVICE, "user_code": given.get("user_code", "")[:16]}
    return {"next": place} if place in ACCOUNT_PLACES else {}


def link(path: str, given: Mapping[str, str], **further: str) -> str:
    """Return the URL of a page of this server, with the fields that pages pass on."""
    fields = {
        "request_id": given.get("request_id", ""),
        **further_fields(given),
        **language_fields(given),
        **further,
    }
    query = urlencode({name: value for name, value in fields.items() if value})
    return f"{path}?{query}" if query else path


async def pending_of(browser: Browser, given: Mapping[str, str]) -> Pending | None:
    """Return the authorization request that a page belongs to, or None if it has none.

    Raise `UntrustedRequestError` if the request has expired or was completed.
    """
    request_id = given.get("request_id", "")
    return await find_pending(browser, request_id) if request_id else None


async def find_pending(browser: Browser, request_id: str) -> Pending:
    """Return a pending authorization request, and use its `ui_locales` for the page."""
    pending = browser.pending.get(request_id)
    if pending is None:
        pending = await browser.services.oauth.authorization.find(request_id)
        browser.pending[request_id] = pending
        remember_ui_locales(browser.request, pending.request.ui_locales)
    return pending


def client_of(browser: Browser, pending: Pending | None) -> ClientView | None:
    if pending is None:
        return None
    return view_of_client(
        browser.request, pending.request.client, pending.request.target.redirect_uri
    )


def sign_in_page(
    browser: Browser,
    template: str,
    pending: Pending | None,
    given: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    *,
    status: int | None = None,
    posts_end_here: bool = False,
    sign_in: PasswordGiven | None = None,
    **values: Any,
) -> Response:
    """Return a page of the sign-in, with its pending authorization request and its errors.

    With a pending request, the page's form may end at the client, unless `posts_end_here`.
    `sign_in` is the sign-in that the page continues; the page's forms carry its username.
    """
    hidden_fields = further_fields(given)
    if sign_in is not None:
        hidden_fields[PAGE_USERNAME_FIELD] = sign_in.user.username
    return page(
        browser.request,
        template,
        status=status or (400 if errors else 200),
        posts_may_end_at_client=pending is not None and not posts_end_here,
        client=client_of(browser, pending),
        request_id=given.get("request_id", ""),
        further=hidden_fields,
        csrf_token=browser.csrf_token,
        errors=errors or {},
        **values,
    )


def _box(browser: Browser) -> SecretBox:
    return browser.services.core.box(Purpose.SIGN_IN)
