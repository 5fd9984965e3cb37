"""`/account/password`: change the password, or set a first one."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated

from fastapi import Depends
from starlette.responses import RedirectResponse, Response

from app.errors import (
    ConflictError,
    InvalidInputError,
    OverloadedError,
    TooManyRequestsError,
)
from app.pages.account.base import account_page, account_router, fresh_person
from app.pages.support.browser import Browser, BrowserDep, TypedFormDep
from app.pages.support.forms import hints_for
from app.pages.support.languages import text_for
from app.pages.support.rate_limited import rate_limited_page
from app.security.passwords import has_password
from app.services.accounts.sessions import SignedIn

router = account_router()
RecentSignInDep = Annotated[SignedIn, Depends(fresh_person("password"))]

CURRENT = "current_password"


@router.get("/account/password")
async def password(browser: BrowserDep, person: RecentSignInDep) -> Response:
    return await _page(browser, person, is_saved="saved" in browser.request.query_params)


@router.post("/account/password")
async def change(browser: BrowserDep, form: TypedFormDep, person: RecentSignInDep) -> Response:
    """Set a password. The current password, if any, is required even after a recent sign-in."""
    text, services = text_for(browser.request), browser.services
    if hints := hints_for(browser.request, form, CURRENT, "password"):
        return await _page(browser, person, hints)
    current_password, new_password = form.get(CURRENT, ""), form.get("password", "")
    has_one = has_password(person.user.password_hash)
    missing = {
        **({CURRENT: text("Enter your current password.")} if has_one else {}),
        "password": text("Enter a new password."),
    }
    errors = {name: message for name, message in missing.items() if not form.get(name)}
    if errors:
        return await _page(browser, person, errors)
    try:
        if has_one and not await _is_current(browser, person, current_password):
            return await _page(
                browser, person, {CURRENT: text("That's not your current password.")}
            )
        renewed_session = await services.accounts.users.change_password(
            person.user, new_password, session=person.session
        )
    except TooManyRequestsError as error:
        return await rate_limited_page(browser.request, error, partial(_page, browser, person))
    except (InvalidInputError, ConflictError) as error:
        return await _page(browser, person, {"password": text(error.detail)})
    except OverloadedError:
        busy = text("The server is busy. Try again in a minute.")
        return await _page(browser, person, {"": busy}, status=503)
    services.oauth.logout_delivery.kick()
    if renewed_session is None:
        return browser.keep(RedirectResponse("/login", status_code=303))
    browser.begin(*renewed_session)
    return browser.keep(RedirectResponse("/account/password?saved=1", status_code=303))


async def password_state(browser: Browser, person: SignedIn) -> str | None:
    text = text_for(browser.request)
    return text("Set") if has_password(person.user.password_hash) else text("Not set")


async def _is_current(browser: Browser, person: SignedIn, current: str) -> bool:
    """Check the current password; like a sign-in, this counts as an attempt."""
    user = await browser.services.accounts.authentication.check_password(
        person.user.username, current
    )
    return user is not None and user.user_id == person.user.user_id


async def _page(
    browser: Browser,
    person: SignedIn,
    errors: Mapping[str, str] | None = None,
    *,
    status: int | None = None,
    is_saved: bool = False,
) -> Response:
    return account_page(
        browser,
        person,
        "account_password.html",
        errors,
        status=status,
        has_password=has_password(person.user.password_hash),
        is_saved=is_saved,
    )
