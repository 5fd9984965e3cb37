"""`/account/data`: download the data stored about the user, and delete the account."""

import json
from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from app.errors import LastAdministratorError
from app.oauth.redirect_uris import origin_of
from app.pages.account.base import account_page, account_router, fresh_person
from app.pages.authorize.logout import end_session
from app.pages.support.browser import Browser, BrowserDep, PostedFormDep, TypedFormDep
from app.pages.support.forms import hints_for
from app.pages.support.languages import text_for
from app.pages.support.templating import page
from app.security import usernames
from app.services.accounts.sessions import SignedIn

router = account_router()
RecentSignInDep = Annotated[SignedIn, Depends(fresh_person("data"))]

CONFIRMATION = "confirmation"
FILE_NAME = "account-data.json"


@router.get("/account/data")
async def data(browser: BrowserDep, person: RecentSignInDep) -> Response:
    return account_page(browser, person, "account_data.html", confirmation="")


@router.post("/account/data/download")
async def download(browser: BrowserDep, form: PostedFormDep, person: RecentSignInDep) -> Response:
    account_data = await browser.services.accounts.account_data.export(person.user)
    headers = {
        "Content-Disposition": f'attachment; filename="{FILE_NAME}"',
        "Cache-Control": "no-store",
    }
    content = json.dumps(account_data, indent=2, ensure_ascii=False)
    return browser.keep(Response(content, media_type="application/json", headers=headers))


@router.post("/account/data/delete")
async def delete(browser: BrowserDep, form: TypedFormDep, person: RecentSignInDep) -> Response:
    """Delete the account permanently; the user types their username to prevent an accident."""
    typed = form.get(CONFIRMATION, "").strip()
    if hints := hints_for(browser.request, form, CONFIRMATION):
        return account_page(browser, person, "account_data.html", hints, confirmation=typed)
    if usernames.key_or_none(typed) != person.user.username_key:
        text = text_for(browser.request)
        wrong = text("That's not your username. Your account wasn't deleted.")
        return account_page(
            browser, person, "account_data.html", {CONFIRMATION: wrong}, confirmation=typed
        )
    try:
        await browser.services.accounts.account_data.require_deletable(person.user)
    except LastAdministratorError as error:
        errors = {"": text_for(browser.request)(error.detail)}
        return account_page(browser, person, "account_data.html", errors, confirmation=typed)
    frames = await end_session(browser, person.session.session_id)
    await browser.services.accounts.account_data.delete(person.user)
    browser.services.oauth.logout_delivery.kick()
    return browser.keep(_deleted_page(browser, frames))


async def data_state(browser: Browser, person: SignedIn) -> str | None:
    text = text_for(browser.request)
    return text("Download your data or delete your account")


def _deleted_page(browser: Browser, frames: list[str]) -> Response:
    return page(
        browser.request,
        "account_deleted.html",
        frame_src=list(dict.fromkeys(origin_of(frame) for frame in frames)),
        frames=frames,
        errors={},
    )
