"""Shared by the account pages: which account they show, and whether its user signed in recently.

Several people may be signed in in one browser. Every form of an account page carries the session
that it was shown for, and `account_router()` refuses it once another one is current.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.oauth.authorization.interactions import Step
from app.pages.browser import (
    AnswerInsteadError,
    Browser,
    BrowserDep,
    GoToError,
    cookie_name,
    get_typed_form,
)
from app.pages.signing_in import ACCOUNT_PLACES, has_second_factor, link
from app.pages.templating import page
from app.pages.views import view_of_person
from app.security.passwords import has_password
from app.services.sessions import ACR_MFA, SignedIn

FRESH = timedelta(minutes=10)
"""For how long after a sign-in a password, a factor or an address may be changed."""


CONFIRM = "/account/confirm"
MAIL_CODE_COOKIE = "postern_mail_code"
MAIL_CODE_PLACES = ACCOUNT_PLACES - {"email"}
"""A mailbox proves who someone is for everything but its own replacement."""

PAGE_SESSION_FIELD = "page_session_id"
"""The field of every form of an account page that names the session which the page was shown for;
`hidden()` in `parts.html` writes it."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def require_own_form(request: Request, browser: BrowserDep) -> None:
    """Refuse a form that was shown for another session than the current one.

    Where nobody is signed in any more, the page's own dependency asks for a sign-in.
    """
    if request.method in SAFE_METHODS:
        return
    form = await get_typed_form(request, browser)
    current, shown_for = browser.current, form.get(PAGE_SESSION_FIELD, "")
    if current is not None and current.session.session_id != shown_for:
        raise AnswerInsteadError(_other_account_page(browser, current, shown_for))


def account_router() -> APIRouter:
    """Return a router for account pages, on which no form acts on an account it did not show."""
    return APIRouter(include_in_schema=False, dependencies=[Depends(require_own_form)])


async def get_person(browser: BrowserDep) -> SignedIn:
    """Who is signed in here; sends the browser to the sign-in page where nobody is."""
    if browser.current is None:
        raise GoToError("/login")
    return browser.current


PersonDep = Annotated[SignedIn, Depends(get_person)]


def fresh_person(place: str) -> Callable[[Browser], Any]:
    """Makes a dependency: who signed in a moment ago, with a second factor if he has one; who has
    the password alone, in a browser that is not asked for more, changes nothing of an account.

    Anybody else signs in (again) first, and comes back to `/account/{place}`, a word of
    `app.pages.signing_in.ACCOUNT_PLACES`.
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
            raise GoToError(link(Step.STEP_UP, {"next": place}))
        return current

    return get_fresh_person


async def sign_in_again_path(browser: Browser, person: SignedIn, place: str) -> str:
    """Return the page on which a signed-in user authenticates again."""
    user = person.user
    if has_password(user.password_hash) or await browser.services.passkeys.count_of(user):
        return link("/login", {"next": place}, username=user.username)
    return link(CONFIRM, {"next": place})


async def may_confirm_by_mail(browser: Browser, person: SignedIn, place: str) -> bool:
    """Whether a code by mail opens an account page; never that of the address itself."""
    mail_codes = browser.services.mail_codes
    return place in MAIL_CODE_PLACES and await mail_codes.is_offered_to(person.user)


async def is_confirmed_by_mail(browser: Browser, person: SignedIn, place: str) -> bool:
    """Whether the user entered a code from a mail a moment ago, and has nothing else to prove
    it with. The session stays as it is: neither its `auth_time` nor its `acr` says so."""
    sealed = browser.request.cookies.get(cookie_name(browser.services, MAIL_CODE_COOKIE), "")
    is_confirmed = browser.services.mail_codes.is_confirmed(
        person, sealed, browser=browser.identifier
    )
    return is_confirmed and await may_confirm_by_mail(browser, person, place)


async def stay_signed_in(browser: Browser, person: SignedIn) -> None:
    """Go on under a new secret, after every other session of the user has ended."""
    again = await browser.services.users.stay_signed_in(person.user, session=person.session)
    if again is not None:
        browser.begin(*again)


def is_fresh(browser: Browser, person: SignedIn) -> bool:
    return browser.services.clock.now() - person.session.auth_time <= FRESH


def account_page(
    browser: Browser,
    person: SignedIn,
    template: str,
    errors: Mapping[str, str] | None = None,
    *,
    status: int | None = None,
    **values: Any,
) -> Response:
    """An account page with its errors, in this browser."""
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
    """Explain that nothing was changed, and offer both accounts."""
    other = next((x for x in browser.signed_in if x.session.session_id == shown_for), None)
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
