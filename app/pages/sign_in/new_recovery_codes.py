"""The page that shows new recovery codes once, in the response to the form that created them."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.models.accounts.users import User
from app.pages.sign_in.state import after, pending_of, sign_in_page
from app.pages.support.browser import Browser, BrowserDep, PostedFormDep
from app.pages.support.languages import text_for
from app.pages.support.view_models import view_of_user

router = APIRouter(include_in_schema=False)


async def codes_page(
    browser: Browser, user: User, given: Mapping[str, str], codes: Sequence[str]
) -> Response:
    """Return the page with the codes; they are not stored in plain text, nor in the page's form."""
    lines = (browser.services.core.settings.brand_name, user.username, "", *codes, "")
    return sign_in_page(
        browser,
        "recovery_codes.html",
        await pending_of(browser, given),
        given,
        person=view_of_user(user),
        codes=codes,
        file=f"data:text/plain;charset=utf-8,{quote(chr(10).join(lines))}",
    )


@router.post("/recovery-codes/saved")
async def saved(browser: BrowserDep, form: PostedFormDep) -> Response:
    """Continue to the next page once the user has confirmed that they have saved the codes."""
    if form.get("saved"):
        return browser.keep(RedirectResponse(after(form), status_code=303))
    text = text_for(browser.request)
    missing = text("Confirm that you've saved your codes. You won't see them again.")
    pending = await pending_of(browser, form)
    errors = {"saved": missing}
    return browser.keep(
        sign_in_page(browser, "recovery_codes.html", pending, form, errors, person=None, codes=())
    )
