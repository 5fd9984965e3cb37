"""`/login/with/{name}`: start of a sign-in at an identity provider, or of linking an account."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from app.oauth.authorization.interactions import acrs_asked
from app.oauth.federation.errors import ProviderProtocolError, ProviderUnavailableError
from app.pages.federation.errors import failed
from app.pages.federation.state import CONNECTIONS, SignInTransaction, keep, session_of
from app.pages.sign_in.state import ACCOUNT_PLACES, further_fields, link, pending_of, sign_in_page
from app.pages.support.browser import Browser, BrowserDep, PostedFormDep
from app.pages.support.languages import language_fields
from app.services.accounts.sessions import ACR_MFA, SignedIn

router = APIRouter(include_in_schema=False)


@router.post("/login/with/{name}")
async def start(browser: BrowserDep, form: PostedFormDep, name: str) -> Response:
    pending = await pending_of(browser, form)
    authorization_request = pending.request if pending is not None else None
    is_fresh = form.get("next") in ACCOUNT_PLACES or (
        authorization_request is not None
        and (
            authorization_request.max_age is not None
            or "login" in authorization_request.prompts
            or ACR_MFA in acrs_asked(authorization_request)
        )
    )
    return await start_at_provider(browser, name, form, is_fresh=is_fresh)


async def start_at_provider(
    browser: Browser,
    name: str,
    given: Mapping[str, str],
    *,
    is_fresh: bool = False,
    person: SignedIn | None = None,
) -> Response:
    """Send the browser to an identity provider, to sign in or to link an account.

    With `person`, the external identity is linked to that user's account. The response is a page
    and not a redirect: `form-action` of the form applies to every redirect after it, and the
    redirects of a provider are unknown.
    """
    services = browser.services
    provider = await services.federation.identity_providers.get_enabled(name)
    redirect_uri = services.core.links.provider_callback(name)
    try:
        url, request = await services.federation.provider_client.begin(
            provider, redirect_uri=redirect_uri, is_fresh=is_fresh
        )
    except (ProviderUnavailableError, ProviderProtocolError) as error:
        again = CONNECTIONS if person is not None else link("/login", given)
        return failed(browser, provider, error, again=again)
    services.federation.identity_providers.secret_of(
        provider
    )  # raises now, not after the user signed in
    flow = SignInTransaction(
        provider=name,
        state=request.state,
        session=session_of(name, request),
        given={
            "request_id": given.get("request_id", ""),
            **further_fields(given),
            **language_fields(given),
        },
        is_fresh=is_fresh,
        begun_at=services.core.clock.now().timestamp(),
        user_id=person.user.user_id if person is not None else "",
        session_id=person.session.session_id if person is not None else "",
    )
    pending = await pending_of(browser, given)
    response = sign_in_page(
        browser, "upstream_away.html", pending, given, url=url, label=provider.label
    )
    return browser.keep(keep(browser, response, flow))
