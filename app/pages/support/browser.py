"""The browser behind a request: the users signed in to it, and the cookies that it is sent."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, Response

from app.dependencies import ServicesDep
from app.middleware.http import IS_HEAD
from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.observability import request_context
from app.pages.support import csrf
from app.pages.support.negotiation import text_for
from app.services.accounts.sessions import SignedIn
from app.wiring import Services

SESSIONS_COOKIE = "postern_sessions"
STAYING_COOKIE = "postern_staying"
"""Has the secrets of the sessions that stay signed in, which are also in the cookie that ends with
the browser: that one has the order of all users who are signed in."""
BROWSER_COOKIE = "postern_browser"
REMEMBERED_COOKIE = "postern_remembered"
MAXIMUM_ACCOUNTS = 5
SEPARATOR = "."
OF_THIS_HOST = "__Host-"
"""Beginning of the names of cookies over HTTPS, which binds them to exactly this host."""
_IN_SCOPE = "postern.browser"


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
    cookie_prefix: str
    signed_in: list[SignedIn] = field(default_factory=list)
    identifier: str = ""
    is_new: bool = False
    form_identifier: str = ""
    _secrets: dict[str, str] = field(default_factory=dict)
    _changed_cookies: dict[str, tuple[str, timedelta | None]] = field(default_factory=dict)

    @property
    def current(self) -> SignedIn | None:
        return self.signed_in[0] if self.signed_in else None

    @property
    def csrf_token(self) -> str:
        return csrf.token_for(self.services, self.identifier)

    @property
    def user_agent(self) -> str:
        return self.request.headers.get("user-agent", "")

    def text(self, message: str) -> str:
        """Translate a message into the user's language."""
        return text_for(self.request)(message)

    def begin(self, secret: str, signed_in: SignedIn) -> None:
        """Make a new session the current one, replacing an older session of the same user."""
        user_id = signed_in.user.user_id
        others = [other for other in self.signed_in if other.user.user_id != user_id]
        self.signed_in = [signed_in, *others][:MAXIMUM_ACCOUNTS]
        self._secrets[signed_in.session.session_id] = secret

    def session_of(self, user: User) -> Session | None:
        """Return the user's session in this browser, or None."""
        for signed_in in self.signed_in:
            if signed_in.user.user_id == user.user_id:
                return signed_in.session
        return None

    def find(self, session_id: str) -> SignedIn | None:
        """Return the user of a session in this browser, or None."""
        for signed_in in self.signed_in:
            if signed_in.session.session_id == session_id:
                return signed_in
        return None

    def choose(self, signed_in: SignedIn) -> None:
        """Make a user who is signed in to this browser the current one."""
        self.signed_in.sort(key=lambda each: each is not signed_in)

    def forget(self, session_id: str) -> None:
        self.signed_in = [
            signed_in for signed_in in self.signed_in if signed_in.session.session_id != session_id
        ]

    def cookie(self, name: str) -> str:
        """Return the value of a cookie that the browser sent, or ""."""
        return self.request.cookies.get(f"{self.cookie_prefix}{name}", "")

    def set_cookie(self, name: str, value: str, *, lasts: timedelta | None = None) -> None:
        """Set a cookie for a time, or else until the browser is closed; an empty value removes it.

        The response gets it on its way out.
        """
        self._changed_cookies[name] = (value, lasts)

    def write_cookies(self, response: Response) -> None:
        """Set the cookies whose values changed.

        A browser is identified by a GET only: browsers send no cookies with a form of another site,
        and a new identifier would replace the one that they have.
        """
        if self.is_new and self.request.method == "GET":
            self.set_cookie(BROWSER_COOKIE, self.identifier)
        self._set_session_cookies([signed_in.session for signed_in in self.signed_in])
        for name, (value, lasts) in self._changed_cookies.items():
            seconds = int(lasts.total_seconds()) if lasts is not None else None
            response.set_cookie(
                f"{self.cookie_prefix}{name}",
                value,
                max_age=seconds if value else 0,
                path="/",
                secure=self.services.core.is_https,
                httponly=True,
                samesite="lax",
            )

    def _set_session_cookies(self, sessions: list[Session]) -> None:
        secrets_of_all = self._joined_secrets(sessions)
        if secrets_of_all != self.cookie(SESSIONS_COOKIE):
            self.set_cookie(SESSIONS_COOKIE, secrets_of_all)
        staying = [session for session in sessions if session.stays_signed_in]
        secrets_of_staying = self._joined_secrets(staying)
        if secrets_of_staying != self.cookie(STAYING_COOKIE):
            now = self.services.core.clock.now()
            last = max((session.expires_at for session in staying), default=now)
            self.set_cookie(STAYING_COOKIE, secrets_of_staying, lasts=last - now)

    def _joined_secrets(self, sessions: list[Session]) -> str:
        return SEPARATOR.join(self._secrets[session.session_id] for session in sessions)

    async def load_sessions(self) -> None:
        """Find the users whose sessions the cookies name."""
        values = filter(None, (self.cookie(SESSIONS_COOKIE), self.cookie(STAYING_COOKIE)))
        names = dict.fromkeys(SEPARATOR.join(values).split(SEPARATOR))
        for secret in list(names)[:MAXIMUM_ACCOUNTS]:
            signed_in = await self.services.accounts.sessions.find(secret)
            if signed_in is not None:
                self.signed_in.append(signed_in)
                self._secrets[signed_in.session.session_id] = secret


async def get_browser(request: Request, services: ServicesDep) -> Browser:
    """Return the browser of a request.

    HEAD is answered without calling the route, which could have effects (RFC 9110 section 9.2.1).
    """
    if IS_HEAD in request.scope:
        raise AnswerInsteadError(HTMLResponse(headers={"Cache-Control": "no-store"}))
    browser = Browser(services, request, OF_THIS_HOST if services.core.is_https else "")
    identifier = browser.cookie(BROWSER_COOKIE)
    browser.is_new = len(identifier) < 32 or len(identifier) > 64 or not identifier.isalnum()
    browser.identifier = secrets.token_hex(16) if browser.is_new else identifier
    request_context.come_from_browser(trusted_browser_secrets(browser))
    await browser.load_sessions()
    request.scope[_IN_SCOPE] = browser
    return browser


BrowserDep = Annotated[Browser, Depends(get_browser)]


def trusted_browser_secrets(browser: Browser) -> list[str]:
    """Return the secrets of the users who trust this browser, from its cookie."""
    return browser.cookie(REMEMBERED_COOKIE).split(SEPARATOR)


def write_cookies(request: Request, response: Response) -> None:
    """Set the cookies of the request's browser, if a page has loaded it."""
    browser: Browser | None = request.scope.get(_IN_SCOPE)
    if browser is not None:
        browser.write_cookies(response)


def address_of(request: Request) -> str:
    return request.client.host[:64] if request.client is not None else ""
