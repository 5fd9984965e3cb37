"""`/login/new-here`: sign-up of a user who has signed in at an identity provider."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.details import Detail
from app.errors import ConflictError, InvalidInputError, NotFoundError, TooManyRequestsError
from app.pages.federation.callback import sign_in_by_provider
from app.pages.federation.state import NEW_ACCOUNT, PendingAccount, kept
from app.pages.sign_in.state import link, pending_of, sign_in_page
from app.pages.support.browser import Browser, BrowserDep, TypedFormDep
from app.pages.support.forms import hints_for
from app.pages.support.languages import language_for, text_for
from app.pages.support.rate_limited import rate_limited_page

router = APIRouter(include_in_schema=False)


@router.get(NEW_ACCOUNT)
async def new_here(browser: BrowserDep) -> Response:
    pending_account = kept(browser, PendingAccount)
    if pending_account is None:
        response = RedirectResponse(link("/login", browser.request.query_params), status_code=303)
        return browser.keep(response)
    return browser.keep(await _page(browser, pending_account, pending_account.who.username))


@router.post(NEW_ACCOUNT)
async def create_account(browser: BrowserDep, form: TypedFormDep) -> Response:
    """Create an account for the external identity in the cookie; the form only adds a username."""
    pending_account = kept(browser, PendingAccount)
    if pending_account is None or pending_account.state != form.get("state"):
        return browser.keep(RedirectResponse(NEW_ACCOUNT, status_code=303))
    services = browser.services
    if not services.core.registration_policy.is_open_to_users:
        raise NotFoundError(Detail.SIGN_UP_CLOSED)
    provider = await services.federation.identity_providers.get_enabled(
        pending_account.who.provider
    )
    await pending_of(browser, pending_account.given)
    username = form.get("username", "")
    if hints := hints_for(browser.request, form, "username"):
        return await _page(browser, pending_account, username, hints)
    try:
        await services.core.limits.count_registration()
        user = await services.federation.identity_providers.create_account(
            username, pending_account.who
        )
    except (InvalidInputError, ConflictError) as error:
        errors = {error.field or "": text_for(browser.request)(error.detail)}
        return await _page(browser, pending_account, username, errors)
    except TooManyRequestsError as error:
        return await rate_limited_page(
            browser.request,
            error,
            lambda said: _page(browser, pending_account, username, said),
        )
    await services.federation.group_mappings.renew(user, provider, pending_account.groups)
    await services.accounts.email_verification.welcome(user, language=language_for(browser.request))
    now = services.core.clock.now()  # a new account holds nothing to protect from an old sign-in
    return await sign_in_by_provider(browser, user, pending_account.given, auth_time=now)


async def _page(
    browser: Browser,
    pending_account: PendingAccount,
    username: str,
    errors: Mapping[str, str] | None = None,
) -> Response:
    provider = await browser.services.federation.identity_providers.get_enabled(
        pending_account.who.provider
    )
    return sign_in_page(
        browser,
        "upstream_new.html",
        await pending_of(browser, pending_account.given),
        pending_account.given,
        errors,
        label=provider.label,
        who=pending_account.who.label,
        state=pending_account.state,
        username=username,
        can_register=browser.services.core.registration_policy.is_open_to_users,
        login_url=link(
            "/login", {**pending_account.given, "request_id": "", "next": "connections"}
        ),
    )
