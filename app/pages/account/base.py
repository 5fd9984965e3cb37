"""Shared by the account pages: the account that they show, and the check for a recent sign-in.

Several users may be signed in to one browser. Every form of an account page carries the id of the
session that it was shown for, and `account_router()` refuses the form if another one is current.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.oauth.authorization.interactions import InteractionKind
from app.pages.sign_in.state import ACCOUNT_PLACES, has_second_factor, link
from app.pages.support.browser import (
    AnswerInsteadError,
    Browser,
    BrowserDep,
    GoToError,
    cookie_name,
    get_typed_form,
)
from app.pages.support.templating import page
from app.pages.support.view_models import view_of_person
from app.security.passwords import has_password
from app.services.accounts.sessions import ACR_MFA, SignedIn

FRESH = timedelta(minutes=10)
"""For how long after a sign-in a password, a factor or an email address can be changed."""


CONFIRM = "/account/confirm"
MAIL_CODE_COOKIE = "postern_mail_code"
MAIL_CODE_PLACES = ACCOUNT_PLACES - {"email"}
"""Account pages that an emailed code can open: all except the one that changes the address."""

PAGE_SESSION_FIELD = "page_session_id"
"""The form field with the id of the session that an account page was shown for; `hidden()` in
`parts.html` renders it."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def require_own_form(request: Request, browser: BrowserDep) -> None:
    """Refuse a form that was shown for another session than the current one.

    If no user is signed in any more, the page's own dependency requires a sign-in.
    """
    if request.method in SAFE_METHODS:
        return
    form = await get_typed_form(request, browser)
    current, shown_for = browser.current, form.get(PAGE_SESSION_FIELD, "")
    if current is not None and current.session.session_id != shown_for:
        raise AnswerInsteadError(_other_account_page(browser, current, shown_for))


def account_router() -> APIRouter:
    """Return a router whose forms only change the account that their page showed."""
    return APIRouter(include_in_schema=False, dependencies=[Depends(require_own_form)])


async def get_person(browser: BrowserDep) -> SignedIn:
    """Return the current user; redirect to the sign-in page if no user is signed in."""
    if browser.current is None:
        raise GoToError("/login")
    return browser.current


SignedInDep = Annotated[SignedIn, Depends(get_person)]


def fresh_person(place: str) -> Callable[[Browser], Any]:
    """Return a dependency that requires a recent sign-in, with a second factor if the user has one.

    A trusted browser does not replace the second factor: the password alone is not enough to
    change an account. Other users sign in (again) and return to `/account/{place}`; `place` is one
    of `app.pages.sign_in.state.ACCOUNT_PLACES`.
    """

    async def get_fresh_person(browser: BrowserDep) -> SignedIn:
        current = browser.current
        if current is None:
            raise GoToError(link("/login", {"next": place}))
        if not is_fresh(browser, current) and not await is_confirmed_by_mail(
            browser, current, place
        ):
            raise GoToError(await sign_in_again_path(browser, current, place))
        if current.session.acr != ACR_MFA and await has_second_factor(browser, current.user):
            raise GoToError(link(InteractionKind.STEP_UP, {"next": place}))
        return current

    return get_fresh_person


async def sign_in_again_path(browser: Browser, person: SignedIn, place: str) -> str:
    """Return the page on which a signed-in user authenticates again."""
    user = person.user
    if has_password(user.password_hash) or await browser.services.factors.passkeys.count_of(user):
        return link("/login", {"next": place}, username=user.username)
    return link(CONFIRM, {"next": place})


async def may_confirm_by_mail(browser: Browser, person: SignedIn, place: str) -> bool:
    """Return whether an emailed code opens an account page; never the one of the email address."""
    mail_codes = browser.services.factors.mail_codes
    return place in MAIL_CODE_PLACES and await mail_codes.is_offered_to(person.user)


async def is_confirmed_by_mail(browser: Browser, person: SignedIn, place: str) -> bool:
    """Return whether the user recently entered an emailed code and has no other way to confirm.

    The code does not change the session's `auth_time` or `acr`.
    """
    sealed = browser.request.cookies.get(cookie_name(browser.services, MAIL_CODE_COOKIE), "")
    is_confirmed = browser.services.factors.mail_codes.is_confirmed(
        person, sealed, browser=browser.identifier
    )
    return is_confirmed and await may_confirm_by_mail(browser, person, place)


async def stay_signed_in(browser: Browser, person: SignedIn) -> None:
    """Give the current session a new secret, after all other sessions of the user have ended."""
    renewed_session = await browser.services.accounts.users.stay_signed_in(
        person.user, session=person.session
    )
    if renewed_session is not None:
        browser.begin(*renewed_session)


def is_fresh(browser: Browser, person: SignedIn) -> bool:
    return browser.services.core.clock.now() - person.session.auth_time <= FRESH


def account_page(
    browser: Browser,
    person: SignedIn,
    template: str,
    errors: Mapping[str, str] | None = None,
    *,
    status: int | None = None,
    **values: Any,
) -> Response:
    """Return an account page with its errors, and set the browser's cookies."""
    response = page(
        browser.request,
        template,
        status=status or (400 if errors else 200),
        person=view_of_person(person),
        page_session_id=person.session.session_id,
        csrf_token=browser.csrf_token,
        errors=errors or {},
        **values,
    )
    return browser.keep(response)


def _other_account_page(browser: Browser, current: SignedIn, shown_for: str) -> Response:
    """Return a page that explains that nothing was changed, with links to both accounts."""
    other = next(
        (signed_in for signed_in in browser.signed_in if signed_in.session.session_id == shown_for),
        None,
    )
    parts = browser.request.url.path.split("/")
    place = parts[2] if len(parts) > 2 else ""
    return account_page(
        browser,
        current,
        "account_other.html",
        status=409,
        other=view_of_person(other) if other is not None else None,
        other_url=link("/login", {"next": place}, username=other.user.username) if other else "",
        place=place if place in ACCOUNT_PLACES else "",
    )
