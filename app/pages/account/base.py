"""What the account pages share: whose account it is, and that he signed in a moment ago."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import Response

from app.pages.browser import Browser, BrowserDep, GoToError
from app.pages.signing_in import link
from app.pages.templating import page
from app.pages.views import view_of_person
from app.services.sessions import SignedIn

FRESH = timedelta(minutes=10)
"""For how long after a sign-in a password, a factor or an address may be changed."""


async def get_person(browser: BrowserDep) -> SignedIn:
    """Who is signed in here; sends the browser to the sign-in page where nobody is."""
    if browser.current is None:
        raise GoToError("/login")
    return browser.current


PersonDep = Annotated[SignedIn, Depends(get_person)]


def fresh_person(place: str) -> Callable[[Browser], Any]:
    """Makes a dependency: who signed in a moment ago; anybody else signs in (again) first, and
    comes back to `/account/{place}`, a word of `app.pages.signing_in.ACCOUNT_PLACES`."""

    async def get_fresh_person(browser: BrowserDep) -> SignedIn:
        current = browser.current
        now = browser.services.clock.now()
        if current is None or now - current.session.auth_time > FRESH:
            username = current.user.username if current is not None else ""
            raise GoToError(link("/login", {"next": place}, username=username))
        return current

    return get_fresh_person


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
