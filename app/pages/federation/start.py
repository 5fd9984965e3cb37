"""`/login/with/{name}`: start of a sign-in at an identity provider, or of linking an account."""

from starlette.responses import Response

from app.models.accounts.sessions import provider_method
from app.oauth.authorization.interactions import acrs_asked
from app.oauth.authorization.pending import Pending
from app.oauth.federation.errors import ProviderProtocolError, ProviderUnavailableError
from app.pages.federation.errors import failed
from app.pages.federation.state import TRANSACTION, SignInTransaction, session_of
from app.pages.sign_in.completion import STAY_SIGNED_IN, asks_to_stay
from app.pages.sign_in.login_methods import require_accepted
from app.pages.support import (
    Continuation,
    InteractionRequest,
    InteractionRequestDep,
    PageRequest,
    page_router,
)
from app.pages.support.continuation import account_places_of
from app.pages.support.urls import CONNECTIONS, LOGIN, PROVIDER
from app.services.accounts.sessions import ACR_MFA, SignedIn

router = page_router()


@router.post(PROVIDER)
async def start(request: InteractionRequestDep, name: str) -> Response:
    request.check()
    require_accepted(request, provider_method(name))
    is_for_account = request.continuation.place in account_places_of(request.browser.request)
    is_fresh = is_for_account or _wants_fresh_sign_in(request.pending)
    return await _start(request, name, is_fresh=is_fresh)


async def start_linking(request: PageRequest, name: str, *, signed_in: SignedIn) -> Response:
    """Send the browser to an identity provider, to link the external identity to an account."""
    interaction = InteractionRequest(request.browser, request.fields, Continuation(), None)
    return await _start(interaction, name, signed_in=signed_in)


async def _start(
    request: InteractionRequest,
    name: str,
    *,
    is_fresh: bool = False,
    signed_in: SignedIn | None = None,
) -> Response:
    """Send the browser to an identity provider.

    The response is a page and not a redirect: `form-action` of the form applies to every redirect
    after it, and the redirects of a provider are unknown.
    """
    services, continuation = request.services, request.continuation
    provider = await services.federation.identity_providers.get_enabled(name)
    redirect_uri = services.core.links.provider_callback(name)
    try:
        url, authentication_request = await services.federation.provider_client.begin(
            provider, redirect_uri=redirect_uri, is_fresh=is_fresh
        )
    except (ProviderUnavailableError, ProviderProtocolError) as error:
        again = CONNECTIONS if signed_in is not None else request.link(LOGIN)
        return failed(request.browser, provider, error, again=again)
    # It raises now, not after the user signed in.
    services.federation.identity_providers.secret_of(provider)
    transaction = SignInTransaction(
        provider=name,
        state=authentication_request.state,
        session=session_of(name, authentication_request),
        given={"request_id": "", **continuation.fields, **_wish_to_stay(request)},
        is_fresh=is_fresh,
        begun_at=services.core.clock.now().timestamp(),
        user_id=signed_in.user.user_id if signed_in is not None else "",
        session_id=signed_in.session.session_id if signed_in is not None else "",
    )
    TRANSACTION.set(request.browser, transaction)
    return request.interaction_page("upstream_away.html", url=url, label=provider.label)


def _wish_to_stay(request: InteractionRequest) -> dict[str, str]:
    """Return the field that says that the user asks to stay signed in, if it is set."""
    return {STAY_SIGNED_IN: "1"} if asks_to_stay(request) else {}


def _wants_fresh_sign_in(pending: Pending | None) -> bool:
    """Return whether a pending request requires that the user signs in again."""
    if pending is None:
        return False
    request = pending.request
    return (
        request.max_age is not None or "login" in request.prompts or ACR_MFA in acrs_asked(request)
    )
