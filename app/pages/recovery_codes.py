"""The page that shows new recovery codes: once, in the answer to the form that made them."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.models.users import User
from app.pages.browser import Browser, BrowserDep, PostedFormDep
from app.pages.languages import text_for
from app.pages.signing_in import after, pending_of, sign_in_page
from app.pages.views import view_of_user

router = APIRouter(include_in_schema=False)


async def codes_page(
    browser: Browser, user: User, given: Mapping[str, str], codes: Sequence[str]
) -> Response:
    """Nothing keeps them: what comes next is asked for by a form that does not hold them."""
    lines = (browser.services.settings.brand_name, user.username, "", *codes, "")
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
    """On to where the person was going, once he says that he has them."""
    if form.get("saved"):
        return browser.keep(RedirectResponse(after(form), status_code=303))
    text = text_for(browser.request)
    missing = text("Say that you have saved the codes. They are not shown again.")
    pending = await pending_of(browser, form)
    errors = {"saved": missing}
    return browser.keep(
        sign_in_page(browser, "recovery_codes.html", pending, form, errors, person=None, codes=())
    )
