"""Shared by the account pages: the account that they show, and the forms that change it.

Several users may be signed in to one browser. Every form of an account page carries the id of the
session that it was shown for, and is refused if another one is current.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import APIRouter, Depends
from starlette.responses import Response

from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.models.federation.identity_providers import IdentityProvider
from app.pages.support import (
    AnswerInsteadError,
    Continuation,
    Errors,
    GoToError,
    InteractionRequest,
    PageRequest,
    PageRequestDep,
    page_router,
)
from app.pages.support.continuation import account_places_of
from app.pages.support.urls import ACCOUNT, LOGIN
from app.pages.support.view_models import view_of_signed_in
from app.services.accounts.sessions import SignedIn

if TYPE_CHECKING:
    from app.pages.account.pages import AccountPage

Found = TypeVar("Found")

PAGE_SESSION_FIELD = "page_session_id"
"""The form field with the id of the session that an account page was shown for; `hidden()` in
`parts.html` renders it."""


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A link to an account page in the navigation."""

    url: str
    label: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class AccountRequest(PageRequest):
    """A request for an account page, with the current user and their session.

    `providers` are the identity providers, disabled ones included.
    """

    signed_in: SignedIn
    providers: Sequence[IdentityProvider] = ()
    _results: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def user(self) -> User:
        return self.signed_in.user

    @property
    def session(self) -> Session:
        return self.signed_in.session

    @property
    def has_provider(self) -> bool:
        """Whether an identity provider is enabled."""
        return any(not provider.is_disabled for provider in self.providers)

    async def once(self, look_up: Callable[[User], Awaitable[Found]]) -> Found:
        """Return what a method of a service returns for the user; call it once per request."""
        if look_up not in self._results:
            self._results[look_up] = await look_up(self.user)
        result: Found = self._results[look_up]
        return result

    def account_page(self, template: str, errors: Errors | None = None, **values: Any) -> Response:
        """Return an account page, whose forms only change the account that it shows."""
        return self.page(
            template,
            errors,
            user=view_of_signed_in(self.signed_in),
            page_session_id=self.session.session_id,
            places=self._places(),
            **values,
        )

    def _places(self) -> list[PlaceView]:
        """Return the links of the navigation."""
        request = self.browser.request
        pages: Sequence[AccountPage] = request.app.state.account_pages
        path = request.url.path
        return [
            PlaceView(
                url=f"{ACCOUNT}/{page.place}",
                label=self.text(page.label),
                is_current=f"{path}/".startswith(f"{ACCOUNT}/{page.place}/"),
            )
            for page in pages
            if page.is_offered is None or page.is_offered(self)
        ]

    def continuing_at(self, place: str) -> InteractionRequest:
        """Return the request as one for a page that leads to an account page."""
        return InteractionRequest(self.browser, self.fields, Continuation(place=place), None)

    async def keeps_factor(self) -> bool:
        """Return whether the policies require that the user keeps a second factor."""
        requirement = await self.services.accounts.second_factor_policies.requirement(
            self.user, None, always_looks_up=True
        )
        return requirement.forbids_having_none(self.user)

    async def stay_signed_in(self) -> None:
        """Give the session a new secret, after all other sessions of the user have ended."""
        renewed_session = await self.services.accounts.users.stay_signed_in(
            self.user, session=self.session
        )
        if renewed_session is not None:
            self.browser.begin(*renewed_session)


async def require_own_form(request: PageRequestDep) -> None:
    """Refuse a form that was shown for another session than the current one.

    If no user is signed in any more, the page's own dependency requires a sign-in.
    """
    current, shown_for = request.browser.current, request.fields.get(PAGE_SESSION_FIELD, "")
    if request.is_form and current is not None and current.session.session_id != shown_for:
        raise AnswerInsteadError(_other_account_page(request, current, shown_for))


def account_router() -> APIRouter:
    """Return a router whose forms only change the account that their page showed."""
    return page_router(dependencies=[Depends(require_own_form)])


async def get_account_request(request: PageRequestDep) -> AccountRequest:
    """Return the request of the current user; without one, redirect to the sign-in page."""
    current = request.browser.current
    if current is None:
        raise GoToError(LOGIN)
    providers = await request.services.federation.identity_providers.list_all()
    return AccountRequest(request.browser, request.fields, current, providers)


AccountRequestDep = Annotated[AccountRequest, Depends(get_account_request)]


def _other_account_page(request: PageRequest, current: SignedIn, shown_for: str) -> Response:
    """Return a page that explains that nothing was changed, with links to both accounts."""
    browser = request.browser
    other = browser.find(shown_for)
    parts = browser.request.url.path.split("/")
    place = parts[2] if len(parts) > 2 else ""
    place = place if place in account_places_of(browser.request) else ""
    login = Continuation(place=place)
    account = AccountRequest(browser, request.fields, current)
    return account.account_page(
        "account_other.html",
        status=409,
        other=view_of_signed_in(other) if other is not None else None,
        other_url=login.link(LOGIN, username=other.user.username) if other is not None else "",
        place=place,
    )
