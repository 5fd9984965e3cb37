"""What the account pages share: whose account it is, and that he signed in a moment ago."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import Response

from app.oauth.authorization.interactions import Step
from app.pages.browser import Browser, BrowserDep, GoToError
from app.pages.signing_in import has_second_factor, link
from app.pages.templating import page
from app.pages.views import view_of_person
from app.services.sessions import ACR_MFA, SignedIn

FRESH = timedelta(minutes=10)
"""For how long after a sign-in a password, a factor or an address may be changed."""


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
        if current is None or not is_fresh(browser, current):
            username = current.user.username if current is not None else ""
            raise GoToError(link("/login", {"next": place}, username=username))
        if current.session.acr != ACR_MFA and await has_second_factor(browser, current.user):
            raise GoToError(link(Step.STEP_UP, {"next": place}))
        return current

    return get_fresh_person


async def end_other_sign_ins(browser: Browser, person: SignedIn) -> None:
    """Signs a person out everywhere but here, where he goes on under a new secret."""
    again = await browser.services.users.end_other_sign_ins(person.user, session=person.session)
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
        csrf_token=browser.csrf_token,
        errors=errors or {},
        **values,
    )
    return browser.keep(response)
