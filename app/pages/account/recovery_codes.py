"""`/account/recovery-codes`: how many recovery codes are left, and creation of new ones."""

from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from app.pages.account.base import account_page, account_router, fresh_person
from app.pages.sign_in.new_recovery_codes import codes_page
from app.pages.support.browser import Browser, BrowserDep, GoToError, PostedFormDep
from app.pages.support.languages import text_for
from app.services.accounts.sessions import SignedIn
from app.services.factors.recovery_codes import COUNT, FEW

router = account_router()
PLACE = "recovery-codes"
RecentSignInDep = Annotated[SignedIn, Depends(fresh_person(PLACE))]


@router.get("/account/recovery-codes")
async def recovery_codes(browser: BrowserDep, person: RecentSignInDep) -> Response:
    codes_left = await browser.services.factors.recovery_codes.count_left(person.user)
    return account_page(
        browser, person, "account_recovery_codes.html", left=codes_left, is_few=codes_left <= FEW
    )


@router.post("/account/recovery-codes")
async def make(browser: BrowserDep, _form: PostedFormDep, person: RecentSignInDep) -> Response:
    codes = await browser.services.factors.recovery_codes.make(person.user)
    if codes is None:
        raise GoToError("/login")
    return browser.keep(await codes_page(browser, person.user, {"next": PLACE}, codes))


async def recovery_codes_state(browser: Browser, person: SignedIn) -> str | None:
    text = text_for(browser.request)
    codes_left = await browser.services.factors.recovery_codes.count_left(person.user)
    if codes_left <= FEW:
        return text("Only %(left)s of %(all)s left") % {"left": codes_left, "all": COUNT}
    return text("%(left)s of %(all)s left") % {"left": codes_left, "all": COUNT}
