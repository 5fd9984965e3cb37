"""Between the password and the code: who has given his password in this browser, for a while.

It is kept in a cookie that only we can read, and is worth nothing in another browser.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from app.models.sessions import Session
from app.models.users import User
from app.oauth.authorization.pending import Pending
from app.pages.browser import (
    SIGN_IN_COOKIE,
    Browser,
    GoToError,
    address_of,
    cookie_name,
    set_cookie,
)
from app.pages.languages import language_fields, remember_ui_locales
from app.pages.remembered import REMEMBER, remember_browser
from app.pages.templating import page
from app.pages.views import ClientView, view_of_client
from app.security.encryption import SealError, SecretBox

PURPOSE = "sign in"
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
"""Account pages that want a fresh sign-in, by the last part of their path."""


@dataclass(frozen=True, slots=True)
class PasswordGiven:
    """`otp_secret` is there while a TOTP is enrolled on the page. `first_factor` is the word of
    RFC 8176 for what was given instead, where it was no password. `auth_time` is when the first
    factor was given, as a session or an identity provider says; None means now."""

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
    """Keeps who gave the first factor: now, at `auth_time`, or as his `session` says."""
    auth_time = session.auth_time if session is not None else auth_time
    said = {
        "user_id": user.user_id,
        "credentials_version": user.credentials_version,
        "given_at": browser.services.clock.now().timestamp(),
        "otp_secret": otp_secret,
        "first_factor": first_factor,
        "session_id": session.session_id if session is not None else None,
        "auth_time": auth_time.timestamp() if auth_time is not None else None,
    }
    sealed = _box(browser).seal(json.dumps(said).encode(), context=browser.identifier)
    set_cookie(browser.services, response, SIGN_IN_COOKIE, sealed.hex())
    return browser.keep(response)


async def password_given(browser: Browser) -> PasswordGiven | None:
    """Who gave his password here in the last minutes; None if nobody did."""
    sealed = browser.request.cookies.get(cookie_name(browser.services, SIGN_IN_COOKIE), "")
    try:
        opened = _box(browser).open(bytes.fromhex(sealed), context=browser.identifier)
    except (SealError, ValueError):
        return None
    said = json.loads(opened)
    given_at = datetime.fromtimestamp(said["given_at"], UTC)
    user = await browser.services.users.find(said["user_id"])
    if (
        user is None
        or user.is_disabled
        or user.credentials_version != said["credentials_version"]
        or browser.services.clock.now() - given_at > LASTS
        or said["session_id"] not in (None, browser.session_of(user))
    ):
        return None
    at = said["auth_time"]
    return PasswordGiven(
        user,
        said["otp_secret"],
        said["first_factor"],
        auth_time=datetime.fromtimestamp(at, UTC) if at is not None else given_at,
        adds_factor=said["session_id"] is not None,
    )


PAGE_USERNAME_FIELD = "page_username"


async def sign_in_of_form(browser: Browser, form: Mapping[str, str]) -> PasswordGiven | None:
    """Return the sign-in that a posted form belongs to, or None if there is none any more.

    A browser has one at a time. If another user began one since the page was shown, the form is
    not applied to theirs: the sign-in page explains it.
    """
    who = await password_given(browser)
    if who is not None and form.get(PAGE_USERNAME_FIELD) != who.user.username:
        raise GoToError(link("/login", form, told="other"))
    return who


async def has_second_factor(browser: Browser, user: User) -> bool:
    return user.has_confirmed_otp or await browser.services.passkeys.count_of(user) > 0


async def complete(
    browser: Browser,
    user: User,
    form: Mapping[str, str],
    *,
    amr: Sequence[str],
    first: PasswordGiven | None = None,
    response: Response | None = None,
) -> Response:
    """Begins the session of who proved who he is, and goes on to where he came from, or to a
    `response` that is due before.

    `amr` are the methods of RFC 8176 by which he did, `first` what he gave before.
    """
    services = browser.services
    begun = await services.sessions.begin(
        user,
        amr=amr,
        user_agent=browser.request.headers.get("user-agent", ""),
        address=address_of(browser.request),
        renews=browser.session_of(user),
        auth_time=first.auth_time if first is not None else None,
        adds_factor=first is not None and first.adds_factor,
        event=services.audit.event("sign_in.succeeded", user_id=user.user_id, by=" ".join(amr)),
    )
    if begun is None:  # he signed out meanwhile
        raise GoToError("/login")
    secret, session = begun
    signed_in = await services.sessions.find(secret)
    if signed_in is not None:
        browser.begin(secret, signed_in)
        await services.authentication.signed_in(user)
    request_id = form.get("request_id", "")
    if request_id:
        await services.authorization.set_session(request_id, session.session_id)
    response = response or RedirectResponse(after(form), status_code=303)
    set_cookie(services, response, SIGN_IN_COOKIE, "")
    if SECOND_FACTOR in amr and form.get(REMEMBER):
        await remember_browser(browser, response, user)
    return browser.keep(response)


def after(form: Mapping[str, str]) -> str:
    """Only to pages of ours: nothing that a form says becomes an address (SECURITY_BAR row 32)."""
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
    """What travels along from page to page beside the request."""
    place = given.get("next", "")
    if place == DEVICE:
        return {"next": DEVICE, "user_code": given.get("user_code", "")[:16]}
    return {"next": place} if place in ACCOUNT_PLACES else {}


def link(path: str, given: Mapping[str, str], **further: str) -> str:
    """A page of ours with the same request."""
    kept = {
        "request_id": given.get("request_id", ""),
        **further_fields(given),
        **language_fields(given),
        **further,
    }
    query = urlencode({name: value for name, value in kept.items() if value})
    return f"{path}?{query}" if query else path


async def pending_of(browser: Browser, given: Mapping[str, str]) -> Pending | None:
    """The authorization request that a page belongs to; None for a page of its own.

    Raises `UntrustedRequestError` for one that has expired or was answered.
    """
    request_id = given.get("request_id", "")
    return await find_pending(browser, request_id) if request_id else None


async def find_pending(browser: Browser, request_id: str) -> Pending:
    """Return a pending authorization request, whose `ui_locales` the page then speaks."""
    pending = browser.pending.get(request_id)
    if pending is None:
        pending = await browser.services.authorization.find(request_id)
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
    """A page on the way to a session, for the request and the errors that it is about.

    With a pending request its form may end at the client, unless `posts_end_here`. `sign_in`
    is the one that the page continues with; its forms carry the username.
    """
    further = further_fields(given)
    if sign_in is not None:
        further[PAGE_USERNAME_FIELD] = sign_in.user.username
    return page(
        browser.request,
        template,
        status=status or (400 if errors else 200),
        posts_may_end_at_client=pending is not None and not posts_end_here,
        client=client_of(browser, pending),
        request_id=given.get("request_id", ""),
        further=further,
        csrf_token=browser.csrf_token,
        errors=errors or {},
        **values,
    )


def _box(browser: Browser) -> SecretBox:
    return browser.services.box(PURPOSE)
