"""`/account/authenticator`: replace the authenticator app.

The new secret is not stored until the user enters a correct code from the new app. Until then the
form carries it, sealed for this browser and this user.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends
from starlette.responses import RedirectResponse, Response

from app.errors import TooManyRequestsError
from app.pages.account.base import FRESH, account_page, account_router, fresh_person
from app.pages.sign_in.new_recovery_codes import codes_page
from app.pages.sign_in.password import wrong_code
from app.pages.sign_in.trusted_browsers import remembered_days
from app.pages.support.browser import Browser, BrowserDep, GoToError, PostedFormDep, TypedFormDep
from app.pages.support.forms import hints_for
from app.pages.support.languages import text_for
from app.pages.support.rate_limited import rate_limited_page
from app.pages.support.view_models import groups_of
from app.security import totp
from app.security.encryption import SealError
from app.security.purposes import Purpose
from app.services.accounts.sessions import SignedIn

router = account_router()
PLACE = "authenticator"
NEW = "/account/authenticator/new"
RecentSignInDep = Annotated[SignedIn, Depends(fresh_person(PLACE))]


@router.get("/account/authenticator")
async def authenticator(browser: BrowserDep, person: RecentSignInDep) -> Response:
    return account_page(
        browser,
        person,
        "account_authenticator.html",
        confirmed_at=person.user.otp_confirmed_at,
        remembered=await browser.services.factors.trusted_browsers.count(person.user),
        remember_days=remembered_days(browser),
    )


@router.post("/account/authenticator/forget-browsers")
async def forget_browsers(
    browser: BrowserDep, _form: PostedFormDep, person: RecentSignInDep
) -> Response:
    await browser.services.factors.trusted_browsers.forget_all(person.user)
    return browser.keep(RedirectResponse("/account/authenticator", status_code=303))


@router.get(NEW)
async def another(browser: BrowserDep, person: RecentSignInDep) -> Response:
    return await _page(browser, person, totp.new_secret())


@router.post(NEW)
async def confirm(browser: BrowserDep, form: TypedFormDep, person: RecentSignInDep) -> Response:
    services = browser.services
    secret = _opened(browser, person, form.get("sealed", ""))
    if secret is None:
        raise GoToError(NEW)
    if hints := hints_for(browser.request, form, "code"):
        return await _page(browser, person, secret, hints)
    try:
        is_valid = await services.factors.otp.replace(
            person.user, secret, form.get("code", ""), session=person.session
        )
    except TooManyRequestsError as error:
        return await rate_limited_page(
            browser.request, error, lambda said: _page(browser, person, secret, said)
        )
    if not is_valid:
        return await _page(browser, person, secret, wrong_code(browser))
    renewed_session = await services.accounts.users.factor_changed(
        person.user, session=person.session
    )
    services.oauth.logout_delivery.kick()
    if renewed_session is None:
        raise GoToError("/login")
    browser.begin(*renewed_session)
    user = renewed_session[1].user
    codes = await services.factors.recovery_codes.make(user)
    if codes is None:
        raise GoToError("/login")
    return browser.keep(await codes_page(browser, user, {"next": PLACE}, codes))


async def authenticator_state(browser: Browser, person: SignedIn) -> str | None:
    text = text_for(browser.request)
    return text("Set up") if person.user.has_confirmed_otp else text("Not set up")


async def _page(
    browser: Browser, person: SignedIn, secret: str, errors: Mapping[str, str] | None = None
) -> Response:
    enrolment = await browser.services.factors.otp.enrolment(secret, username=person.user.username)
    return account_page(
        browser,
        person,
        "account_authenticator_new.html",
        errors,
        confirmed_at=person.user.otp_confirmed_at,
        qr_code=enrolment.qr_code,
        otp_uri=enrolment.otp_uri,
        secret_groups=groups_of(secret),
        sealed=_sealed(browser, person, secret),
    )


def _sealed(browser: Browser, person: SignedIn, secret: str) -> str:
    payload = {"secret": secret, "made_at": browser.services.core.clock.now().timestamp()}
    box = browser.services.core.box(Purpose.NEW_AUTHENTICATOR)
    return box.seal(
        json.dumps(payload).encode(), context=_context(browser.identifier, person)
    ).hex()


def _opened(browser: Browser, person: SignedIn, sealed: str) -> str | None:
    """Return the secret; None if it is older than FRESH, or sealed for another browser or user.

    A change of the user's credentials also invalidates it.
    """
    box = browser.services.core.box(Purpose.NEW_AUTHENTICATOR)
    try:
        context = _context(browser.form_identifier, person)
        payload = json.loads(box.open(bytes.fromhex(sealed), context=context))
    except (SealError, ValueError):
        return None
    made_at = datetime.fromtimestamp(payload["made_at"], UTC)
    return payload["secret"] if browser.services.core.clock.now() - made_at <= FRESH else None


def _context(identifier: str, person: SignedIn) -> str:
    return f"{identifier} {person.user.user_id} {person.user.credentials_version}"
