"""`/account/passkeys`: add, rename and remove passkeys."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Depends
from starlette.responses import RedirectResponse, Response

from app.details import Detail
from app.errors import NotFoundError
from app.models.factors.passkeys import Passkey
from app.pages.account.base import (
    SignedInDep,
    account_page,
    account_router,
    fresh_person,
    stay_signed_in,
)
from app.pages.sign_in.passkey import options_answer
from app.pages.support.browser import Browser, BrowserDep, PostedFormDep, TypedFormDep
from app.pages.support.forms import hints_for
from app.pages.support.languages import text_for
from app.pages.support.user_agents import described
from app.services.accounts.events import AccountEvent
from app.services.accounts.sessions import SignedIn
from app.services.factors.passkeys import MAXIMUM_NAME, MAXIMUM_PASSKEYS, PasskeyRefusedError

router = account_router()

PLACE = "passkeys"
RecentSignInDep = Annotated[SignedIn, Depends(fresh_person(PLACE))]


@router.get("/account/passkeys")
async def show(browser: BrowserDep, person: SignedInDep) -> Response:
    return await _page(browser, person)


@router.post("/account/passkeys/options")
async def options(browser: BrowserDep, _form: PostedFormDep, person: RecentSignInDep) -> Response:
    creation_options = await browser.services.factors.passkeys.creation_options(
        person.user, browser=browser.form_identifier
    )
    return options_answer(browser, creation_options)


@router.post("/account/passkeys")
async def add(browser: BrowserDep, form: TypedFormDep, person: RecentSignInDep) -> Response:
    if hints := hints_for(browser.request, form, "name"):
        return await _page(browser, person, hints, typed=form)
    services, text = browser.services, text_for(browser.request)
    try:
        passkey = await services.factors.passkeys.add(
            person.user,
            form.get("credential", ""),
            name=form.get("name", "").strip() or _usual_name(browser),
            browser=browser.form_identifier,
        )
    except PasskeyRefusedError as error:
        return await _page(browser, person, {"": text(error.detail)})
    await services.core.notices.send(person.user, AccountEvent.PASSKEY_ADDED, name=passkey.name)
    return _back(browser)


@router.post("/account/passkeys/rename")
async def rename(browser: BrowserDep, form: TypedFormDep, person: SignedInDep) -> Response:
    if hints := hints_for(browser.request, form, "name"):
        return await _page(browser, person, {_rename_field(form): hints["name"]}, typed=form)
    name = form.get("name", "").strip()
    if name:
        await browser.services.factors.passkeys.rename(
            person.user, form.get("passkey_id", ""), name
        )
    return _back(browser)


@router.post("/account/passkeys/remove")
async def remove(browser: BrowserDep, form: PostedFormDep, person: RecentSignInDep) -> Response:
    services, text = browser.services, text_for(browser.request)
    try:
        passkey = await services.factors.passkeys.remove(
            person.user, form.get("passkey_id", ""), except_session=person.session
        )
    except PasskeyRefusedError as error:
        return await _page(browser, person, {"": text(error.detail)})
    if passkey is not None:
        await services.core.notices.send(
            person.user, AccountEvent.PASSKEY_REMOVED, name=passkey.name
        )
        await stay_signed_in(browser, person)
    return _back(browser)


async def how_many(browser: Browser, person: SignedIn) -> str | None:
    """Return the number of passkeys as a text for the overview; None if passkeys are not offered.

    "" means that passkeys are offered but the user has none.
    """
    count = await browser.services.factors.passkeys.count_of(person.user)
    if not count:
        return "" if browser.services.factors.passkeys.origin else None
    text = text_for(browser.request)
    return text("Added: %(count)s") % {"count": count}


async def _page(
    browser: Browser,
    person: SignedIn,
    errors: Mapping[str, str] | None = None,
    *,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """Return the page; `typed` is a form that is shown again with its errors."""
    passkeys: Sequence[Passkey] = await browser.services.factors.passkeys.list_of(person.user)
    origin = browser.services.factors.passkeys.origin
    if not (origin or passkeys):
        raise NotFoundError(Detail.PASSKEYS_UNAVAILABLE)
    return account_page(
        browser,
        person,
        "account_passkeys.html",
        errors,
        passkeys=passkeys,
        origin=origin,
        may_add=len(passkeys) < MAXIMUM_PASSKEYS,
        maximum_name=MAXIMUM_NAME,
        usual_name=_usual_name(browser),
        typed=typed or {},
    )


def _rename_field(form: Mapping[str, str]) -> str:
    """Return the id of the field in which a passkey is renamed."""
    return f"name-{form.get('passkey_id', '')}"


def _usual_name(browser: Browser) -> str:
    text = text_for(browser.request)
    return described(browser.request.headers.get("user-agent", "")) or text("Passkey")


def _back(browser: Browser) -> Response:
    return browser.keep(RedirectResponse("/account/passkeys", status_code=303))
