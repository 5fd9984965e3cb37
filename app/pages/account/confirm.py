"""`/account/confirm`: how a user without a password or a passkey authenticates again:
by a new sign-in at an identity provider, or by an emailed code."""

from collections.abc import Mapping

from starlette.responses import RedirectResponse, Response

from app.errors import TooManyRequestsError
from app.models.federation.identity_providers import IdentityProvider
from app.pages.account.base import (
    CONFIRM,
    MAIL_CODE_COOKIE,
    SignedInDep,
    account_page,
    account_router,
    is_fresh,
    may_confirm_by_mail,
    sign_in_again_path,
)
from app.pages.federation.state import refusal_message
from app.pages.sign_in.state import after, further_fields, link
from app.pages.support.browser import (
    Browser,
    BrowserDep,
    GoToError,
    PostedFormDep,
    TypedFormDep,
    cookie_name,
    set_cookie,
)
from app.pages.support.forms import hints_for
from app.pages.support.languages import language_for, text_for
from app.pages.support.rate_limited import rate_limited_page
from app.services.accounts.sessions import SignedIn
from app.services.factors.mail_codes import LASTS

router = account_router()
SEND = f"{CONFIRM}/send"
DEFAULT_PLACE = "password"


@router.get(CONFIRM)
async def confirm(browser: BrowserDep, person: SignedInDep) -> Response:
    query = browser.request.query_params
    if is_fresh(browser, person):
        return browser.keep(RedirectResponse(after(query), status_code=303))
    path = await sign_in_again_path(browser, person, _place(query))
    if not path.startswith(CONFIRM):
        return browser.keep(RedirectResponse(path, status_code=303))
    return await _page(browser, person, query, refusal_message(browser), status=200)


@router.post(SEND)
async def send(browser: BrowserDep, form: PostedFormDep, person: SignedInDep) -> Response:
    """Email a code to the user's verified address."""
    await _require_mail_code(browser, person, form)
    try:
        sealed = await browser.services.factors.mail_codes.send(
            person, browser=browser.identifier, language=language_for(browser.request)
        )
    except TooManyRequestsError as error:
        text = text_for(browser.request)
        wait = text("Too many emails requested. Try again in %(minutes)s min.")
        errors = {"": wait % {"minutes": -(-error.retry_after // 60)}}
        response = await _page(browser, person, form, errors, status=429)
        response.headers.update(error.headers())
        return response
    return _keep(browser, RedirectResponse(link(CONFIRM, form), status_code=303), sealed)


@router.post(CONFIRM)
async def give_code(browser: BrowserDep, form: TypedFormDep, person: SignedInDep) -> Response:
    await _require_mail_code(browser, person, form)
    if hints := hints_for(browser.request, form, "code"):
        return await _page(browser, person, form, hints)
    sealed = _sealed(browser)
    try:
        sealed_confirmation = await browser.services.factors.mail_codes.use(
            person, sealed, form.get("code", ""), browser=browser.identifier
        )
    except TooManyRequestsError as error:
        return await rate_limited_page(
            browser.request, error, lambda problem: _page(browser, person, form, problem)
        )
    if sealed_confirmation is None:
        text = text_for(browser.request)
        wrong = text("That code is wrong or has expired. Check your email for the latest one.")
        return await _page(browser, person, form, {"code": wrong})
    return _keep(browser, RedirectResponse(after(form), status_code=303), sealed_confirmation)


async def _require_mail_code(browser: Browser, person: SignedIn, form: Mapping[str, str]) -> None:
    if not await may_confirm_by_mail(browser, person, _place(form)):
        raise GoToError(link(CONFIRM, form))


async def _page(
    browser: Browser,
    person: SignedIn,
    given: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    *,
    status: int | None = None,
) -> Response:
    place, mail_codes = _place(given), browser.services.factors.mail_codes
    is_offered = await mail_codes.is_offered_to(person.user)
    return account_page(
        browser,
        person,
        "account_confirm.html",
        errors,
        status=status,
        further=further_fields({"next": place}),
        providers=await _providers(browser, person),
        email=person.user.standard_claims.verified_email,
        has_mail_code=await may_confirm_by_mail(browser, person, place),
        is_sent=mail_codes.is_sent(person, _sealed(browser), browser=browser.identifier),
        is_about_email=is_offered and place == "email",
        login_url=link("/login", {"next": place}),
    )


async def _providers(browser: Browser, person: SignedIn) -> list[IdentityProvider]:
    """Return the enabled identity providers that the user's account is linked to."""
    identity_providers = browser.services.federation.identity_providers
    linked = {link.provider for link in await identity_providers.list_of(person.user)}
    return [
        provider for provider in await identity_providers.list_enabled() if provider.name in linked
    ]


def _place(given: Mapping[str, str]) -> str:
    return further_fields(given).get("next", DEFAULT_PLACE)


def _sealed(browser: Browser) -> str:
    return browser.request.cookies.get(cookie_name(browser.services, MAIL_CODE_COOKIE), "")


def _keep(browser: Browser, response: Response, sealed: str) -> Response:
    set_cookie(browser.services, response, MAIL_CODE_COOKIE, sealed, lasts=LASTS)
    return browser.keep(response)
