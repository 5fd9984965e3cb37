"""What an account page declares, and the check for a recent sign-in that is derived from it."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, params

from app.pages.account.base import AccountRequest, require_own_form
from app.pages.sign_in.recent_sign_in import is_fresh, sign_in_again_url
from app.pages.sign_in.second_factor import has_second_factor
from app.pages.support import Browser, Continuation, GoToError, PageRequestDep
from app.pages.support.urls import LOGIN, STEP_UP
from app.services.accounts.sessions import ACR_MFA, SignedIn

MAIL_CODE_COOKIE = "postern_mail_code"

State = Callable[[AccountRequest], Awaitable[str | None]]
"""A function that returns the state of a page as a short translated text; None hides its row."""

Offer = Callable[[AccountRequest], bool]
"""A function that returns whether the navigation links to a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """A page under `/account/{place}`, with its row in the overview.

    If it `needs_fresh_sign_in`, every route of its `router`, and of `further_routers` below its
    place, requires one, and a sign-in may continue there. If it `accepts_mail_code`, users who have
    no other way to sign in again can confirm with an emailed code. If it
    `always_needs_second_factor`, users who have none set one up before. The routes of
    `router_for_any_sign_in` never require a fresh one.
    The navigation of the account pages links to it if it `is_offered`, by default always.
    """

    place: str
    label: str
    needs_fresh_sign_in: bool
    accepts_mail_code: bool
    always_needs_second_factor: bool
    router: APIRouter
    further_routers: Sequence[APIRouter] = ()
    router_for_any_sign_in: APIRouter | None = None
    state: State | None = None
    is_offered: Offer | None = None

    def routers(self) -> Iterator[tuple[APIRouter, Sequence[params.Depends]]]:
        """Yield each router with the dependencies that the page declares for it."""
        for router in (self.router, *self.further_routers):
            yield router, [Depends(_fresh_sign_in(self))] if self.needs_fresh_sign_in else []
        if self.router_for_any_sign_in is not None:
            yield self.router_for_any_sign_in, []


def account_pages_of(request: Request) -> Sequence[AccountPage]:
    """Return the account pages of the application."""
    pages: Sequence[AccountPage] = request.app.state.account_pages
    return pages


def places_for_fresh_sign_in(pages: Sequence[AccountPage]) -> frozenset[str]:
    """Return the places on which a sign-in may continue."""
    return frozenset(page.place for page in pages if page.needs_fresh_sign_in)


def accepts_mail_code(request: Request, place: str) -> bool:
    """Return whether an emailed code opens an account page."""
    return any(page.accepts_mail_code for page in account_pages_of(request) if page.place == place)


def _fresh_sign_in(page: AccountPage) -> Callable[..., Any]:
    """Return a dependency that requires a recent sign-in, with a second factor if the user has one.

    A trusted browser does not replace the second factor: the password alone is not enough to
    change an account. Other users sign in (again) and return to the page.
    """
    here = Continuation(place=page.place)

    async def require_fresh_sign_in(
        request: PageRequestDep, _own_form: Annotated[None, Depends(require_own_form)]
    ) -> None:
        browser, current = request.browser, request.browser.current
        if current is None:
            raise GoToError(here.link(LOGIN))
        if not is_fresh(browser, current) and not await _is_confirmed_by_mail(
            browser, current, page
        ):
            raise GoToError(await sign_in_again_url(browser, current, page.place))
        if current.session.acr != ACR_MFA and (
            page.always_needs_second_factor or await has_second_factor(browser, current.user)
        ):
            raise GoToError(here.link(STEP_UP))

    return require_fresh_sign_in


async def _is_confirmed_by_mail(browser: Browser, signed_in: SignedIn, page: AccountPage) -> bool:
    """Return whether the user recently entered an emailed code and has no other way to confirm.

    The code does not change the session's `auth_time` or `acr`.
    """
    mail_codes = browser.services.factors.mail_codes
    is_confirmed = mail_codes.is_confirmed(
        signed_in, browser.cookie(MAIL_CODE_COOKIE), browser=browser.identifier
    )
    return (
        is_confirmed and page.accepts_mail_code and await mail_codes.is_offered_to(signed_in.user)
    )
