"""`/account/email`: the user's email address, and whether it is verified."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends
from pydantic import TypeAdapter, ValidationError
from starlette.responses import RedirectResponse, Response

from app.details import Detail
from app.errors import NotFoundError, TooManyRequestsError
from app.pages.account.base import account_page, account_router, fresh_person
from app.pages.support.browser import Browser, BrowserDep, PostedFormDep, TypedFormDep
from app.pages.support.forms import hints_for
from app.pages.support.languages import language_for, text_for
from app.schemas.claims import Email
from app.services.accounts.sessions import SignedIn

router = account_router()

PLACE = "email"
PATH = f"/account/{PLACE}"
AN_ADDRESS: TypeAdapter[str] = TypeAdapter(Email)
RecentSignInDep = Annotated[SignedIn, Depends(fresh_person(PLACE))]


async def email_state(browser: Browser, person: SignedIn) -> str | None:
    if not browser.services.accounts.email_verification.is_offered:
        return None
    address, is_verified = _address_of(person)
    text = text_for(browser.request)
    if not address:
        return text("No address yet")
    return address if is_verified else text("Not confirmed yet")


@router.get(PATH)
async def email(browser: BrowserDep, person: RecentSignInDep) -> Response:
    _require_mail(browser)
    return await _page(browser, person)


@router.post(PATH)
async def change(browser: BrowserDep, form: TypedFormDep, person: RecentSignInDep) -> Response:
    """Send a link to the new address, which replaces the old one once the link is confirmed."""
    _require_mail(browser)
    text = text_for(browser.request)
    entered = form.get("email", "").strip()
    if hints := hints_for(browser.request, form, "email"):
        return await _page(browser, person, hints, given=entered)
    try:
        address = AN_ADDRESS.validate_python(entered)
    except ValidationError:
        wrong = {"email": text("Enter an email address like name@example.com.")}
        return await _page(browser, person, wrong, given=entered)
    current_address, is_verified = _address_of(person)
    if address == current_address and is_verified:
        already_verified = {"email": text("This is already your email address.")}
        return await _page(browser, person, already_verified, given=entered)
    return await _send(browser, person, address)


@router.post(f"{PATH}/resend")
async def resend(browser: BrowserDep, form: PostedFormDep, person: RecentSignInDep) -> Response:
    _require_mail(browser)
    current_address, is_verified = _address_of(person)
    pending_address = await browser.services.accounts.email_verification.pending(person.user)
    address = pending_address or ("" if is_verified else current_address)
    if not address:
        return browser.keep(RedirectResponse(PATH, status_code=303))
    return await _send(browser, person, address)


async def _send(browser: Browser, person: SignedIn, address: str) -> Response:
    try:
        await browser.services.accounts.email_verification.send_link(
            person.user, address, language=language_for(browser.request)
        )
    except TooManyRequestsError as error:
        text = text_for(browser.request)
        wait = text("Too many emails requested. Try again in %(minutes)s min.")
        errors = {"": wait % {"minutes": -(-error.retry_after // 60)}}
        response = await _page(browser, person, errors, given=address, status=429)
        response.headers.update(error.headers())
        return response
    return browser.keep(RedirectResponse(PATH, status_code=303))


async def _page(
    browser: Browser,
    person: SignedIn,
    errors: Mapping[str, str] | None = None,
    *,
    given: str = "",
    status: int | None = None,
) -> Response:
    address, is_verified = _address_of(person)
    return account_page(
        browser,
        person,
        "account_email.html",
        errors,
        status=status,
        email=address,
        is_verified=is_verified,
        pending=await browser.services.accounts.email_verification.pending(person.user),
        given=given,
    )


def _address_of(person: SignedIn) -> tuple[str, bool]:
    claims = person.user.standard_claims
    return claims.email or "", claims.email_verified


def _require_mail(browser: Browser) -> None:
    if not browser.services.accounts.email_verification.is_offered:
        raise NotFoundError(Detail.EMAIL_OFF)
