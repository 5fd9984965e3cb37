"""The browser behind a request: the users signed in to it, and the CSRF check of its forms.

Each form carries a token that is bound to a cookie of this browser, so another site can neither
guess the token nor make the browser send it.
"""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, Response

from app.dependencies import ServicesDep
from app.details import Detail
from app.errors import PosternError
from app.middleware.http import IS_HEAD
from app.models.accounts.users import User
from app.oauth.authorization.pending import Pending
from app.oauth.errors import InvalidRequestError
from app.observability import request_context
from app.pages.support import csrf
from app.pages.support.forms import PostedForm, parse_page_form
from app.pages.support.languages import UI_LOCALES, remember_ui_locales
from app.services.accounts.sessions import SignedIn
from app.wiring import Services

SESSIONS_COOKIE = "postern_sessions"
BROWSER_COOKIE = "postern_browser"
SIGN_IN_COOKIE = "postern_sign_in"
REMEMBERED_COOKIE = "postern_remembered"
MAXIMUM_ACCOUNTS = 5
SEPARATOR = "."
HOW_TO_GO_ON = "Reload the page, and make sure that cookies are allowed for this site."


class FormExpiredError(PosternError):
    """The form does not belong to this browser, or cookies are disabled."""

    error = "form_expired"
    status = 403
    title = "This page has expired"

    def __init__(self, detail: str = HOW_TO_GO_ON) -> None:
        super().__init__(detail)


class GoToError(Exception):
    """Redirects to a page of this server that is required first; `path` is never user input."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class AnswerInsteadError(Exception):
    """Sends `response` instead of the response of the route."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"answered with {response.status_code}")
        self.response = response


@dataclass(slots=True)
class Browser:
    """State of the browser that sent a request. The first of `signed_in` is the current user.

    `form_identifier` identifies the browser that the posted form was rendered for. It differs from
    `identifier` if another tab has replaced the cookie since.
    """

    services: Services
    request: Request
    signed_in: list[SignedIn]
    identifier: str
    is_new: bool
    form_identifier: str = ""
    pending: dict[str, Pending] = field(default_factory=dict)
    """The pending authorization requests loaded for this page, keyed by request id."""
    _secrets: dict[str, str] = field(default_factory=dict)

    @property
    def current(self) -> SignedIn | None:
        return self.signed_in[0] if self.signed_in else None

    @property
    def csrf_token(self) -> str:
        return csrf.token_for(self.services, self.identifier)

    def begin(self, secret: str, found: SignedIn) -> None:
        """Make a new session the current one, replacing an older session of the same user."""
        others = [other for other in self.signed_in if other.user.user_id != found.user.user_id]
        self.signed_in = [found, *others][:MAXIMUM_ACCOUNTS]
        self._secrets[found.session.session_id] = secret

    def session_of(self, user: User) -> str | None:
        """Return the id of the user's session in this browser, or None."""
        for signed_in in self.signed_in:
            if signed_in.user.user_id == user.user_id:
                return signed_in.session.session_id
        return None

    def choose(self, session_id: str) -> SignedIn | None:
        """Make the user of a session the current one; return None for an unknown session."""
        self.signed_in.sort(key=lambda each: each.session.session_id != session_id)
        current = self.current
        return current if current and current.session.session_id == session_id else None

    def forget(self, session_id: str) -> None:
        self.signed_in = [
            signed_in for signed_in in self.signed_in if signed_in.session.session_id != session_id
        ]

    def keep(self, response: Response) -> Response:
        """Set the cookies whose values changed."""
        if self.is_new:
            set_cookie(self.services, response, BROWSER_COOKIE, self.identifier)
        value = SEPARATOR.join(
            self._secrets[signed_in.session.session_id] for signed_in in self.signed_in
        )
        if value != self.request.cookies.get(cookie_name(self.services, SESSIONS_COOKIE), ""):
            set_cookie(self.services, response, SESSIONS_COOKIE, value)
        return response


async def get_browser(request: Request, services: ServicesDep) -> Browser:
    """Return the browser of a request.

    HEAD is answered without calling the route, which could have effects (RFC 9110 section 9.2.1).
    """
    if IS_HEAD in request.scope:
        raise AnswerInsteadError(HTMLResponse(headers={"Cache-Control": "no-store"}))
    identifier = request.cookies.get(cookie_name(services, BROWSER_COOKIE), "")
    is_new = len(identifier) < 32 or len(identifier) > 64 or not identifier.isalnum()
    request_context.come_from_browser(trusted_browser_secrets(services, request))
    browser = Browser(
        services=services,
        request=request,
        signed_in=[],
        identifier=secrets.token_hex(16) if is_new else identifier,
        is_new=is_new,
    )
    cookie_value = request.cookies.get(cookie_name(services, SESSIONS_COOKIE), "")
    for secret in cookie_value.split(SEPARATOR)[:MAXIMUM_ACCOUNTS] if cookie_value else ():
        signed_in = await services.accounts.sessions.find(secret)
        if signed_in is not None:
            browser.signed_in.append(signed_in)
            browser._secrets[signed_in.session.session_id] = secret  # noqa: SLF001 - built in this function
    return browser


def trusted_browser_secrets(services: Services, request: Request) -> list[str]:
    """Return the secrets of the users who trust this browser, from its cookie."""
    value = request.cookies.get(cookie_name(services, REMEMBERED_COOKIE), "")
    return value.split(SEPARATOR)


BrowserDep = Annotated[Browser, Depends(get_browser)]


async def get_typed_form(request: Request, browser: BrowserDep) -> PostedForm:
    """Return the fields of a form with a valid CSRF token, or raise `FormExpiredError`.

    For a form in which the user types. The page shows the errors that `hints_for` returns.
    """
    form = await read_form(request)
    identifier = csrf.browser_named_by(
        browser.services, request, form.get(csrf.FIELD, ""), identifier=browser.identifier
    )
    if identifier is None or browser.is_new:
        raise FormExpiredError
    browser.form_identifier = identifier
    return form


TypedFormDep = Annotated[PostedForm, Depends(get_typed_form)]


async def get_posted_form(form: TypedFormDep) -> PostedForm:
    """Like `get_typed_form`, for a page without text fields."""
    form.require_clean()
    return form


PostedFormDep = Annotated[PostedForm, Depends(get_posted_form)]


async def read_form(request: Request) -> PostedForm:
    content_type = request.headers.get("content-type")
    try:
        form = parse_page_form(
            await request.body(), content_type.encode("latin-1") if content_type else None
        )
    except InvalidRequestError:
        raise FormExpiredError(Detail.FORM_UNREADABLE) from None
    remember_ui_locales(request, form.get(UI_LOCALES))
    return form


def cookie_name(services: Services, name: str) -> str:
    """Return the cookie's name, over HTTPS with `__Host-`, which binds it to exactly this host."""
    return f"__Host-{name}" if services.core.is_https else name


def set_cookie(
    services: Services,
    response: Response,
    name: str,
    value: str,
    *,
    lasts: timedelta | None = None,
) -> None:
    """Set a cookie for a time, or else until the browser is closed; an empty value removes it."""
    seconds = int(lasts.total_seconds()) if lasts is not None else None
    response.set_cookie(
        cookie_name(services, name),
        value,
        max_age=seconds if value else 0,
        path="/",
        secure=services.core.is_https,
        httponly=True,
        samesite="lax",
    )


def address_of(request: Request) -> str:
    return request.client.host[:64] if request.client is not None else ""
