"""`/login/with/{name}/callback`: the user returns from an identity provider."""

import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import Response

from app.models.accounts.users import User
from app.models.federation.identity_providers import IdentityProvider
from app.oauth.federation.errors import (
    ProviderProtocolError,
    ProviderUnavailableError,
    SignInDeniedError,
)
from app.pages.federation.errors import LOST, NO_FLOW, OTHER_PERSON, failed, problem
from app.pages.federation.state import (
    LASTS,
    TRANSACTION,
    PendingAccount,
    SignInTransaction,
    clear,
    store_pending_account,
)
from app.pages.sign_in.recent_sign_in import sign_in_again_url
from app.pages.sign_in.second_factor import after_first_factor
from app.pages.support import (
    Browser,
    Continuation,
    Fields,
    InteractionRequest,
    PageRequest,
    PageRequestDep,
    continuation_of,
    load_interaction,
    page_router,
    redirect,
)
from app.pages.support.continuation import account_places_of
from app.pages.support.errors import TRY_AGAIN
from app.pages.support.negotiation import UI_LOCALES, in_language, remember_ui_locales
from app.pages.support.urls import CONNECTIONS, LOGIN, NEW_HERE, PROVIDER_CALLBACK
from app.services.federation.identity_provider_rules import (
    ExternalIdentity,
    external_identity_of,
)

router = page_router()

FEDERATED = "fed"
SKEW = timedelta(seconds=10)
AUTH_TIME, PROMPT_LOGIN = "auth_time", "prompt=login"
"""Proofs that a sign-in at an identity provider is recent: it reports `auth_time`, or a new sign-in
was requested and it does not report one."""


@dataclass(frozen=True, slots=True)
class Return(PageRequest):
    """A user who returns from an identity provider, and the sign-in that this browser started."""

    provider: IdentityProvider
    transaction: SignInTransaction

    @property
    def continuation(self) -> Continuation:
        return continuation_of(self.browser.request, self.transaction.given)

    async def start_url(self) -> str:
        """Return the URL of the page on which the user started."""
        continuation, current = self.continuation, self.browser.current
        if self.transaction.user_id:
            return CONNECTIONS
        places = account_places_of(self.browser.request)
        if current is not None and continuation.place in places:
            return await sign_in_again_url(self.browser, current, continuation.place)
        return continuation.link(LOGIN)


@router.get(PROVIDER_CALLBACK)
async def callback(request: PageRequestDep, name: str) -> Response:
    browser, federation = request.browser, request.services.federation
    provider = await federation.identity_providers.get_enabled(name)
    transaction = TRANSACTION.get(browser)
    if transaction is not None:
        remember_ui_locales(browser.request, transaction.given.get(UI_LOCALES))
    state = request.fields.get("state", "")
    if (
        transaction is None
        or transaction.provider != name
        or not hmac.compare_digest(transaction.state.encode(), state.encode())
        or not await federation.identity_providers.spend(transaction.state, lasts=LASTS)
    ):
        again = in_language(browser.request, LOGIN)
        return problem(browser, LOST, TRY_AGAIN, NO_FLOW, again=again)
    returned = Return(browser, request.fields, provider, transaction)
    start_url = await returned.start_url()
    try:
        code = await federation.provider_client.code_in(request.fields, provider)
        claims = await federation.provider_client.claims_for(
            code,
            transaction.authentication_request,
            provider=provider,
            client_secret=federation.identity_providers.secret_of(provider),
        )
    except SignInDeniedError:
        return _leave(browser, _with_message(start_url, "denied"))
    except (ProviderUnavailableError, ProviderProtocolError) as error:
        return failed(browser, provider, error, again=start_url)
    identity = external_identity_of(provider, claims)
    if transaction.user_id:
        return await _link(returned, identity)
    return await _sign_in(returned, identity, claims, start_url=start_url)


async def _sign_in(
    returned: Return, identity: ExternalIdentity, claims: Mapping[str, Any], *, start_url: str
) -> Response:
    """Sign in the user of an external identity, or offer an account if it has none."""
    browser, transaction = returned.browser, returned.transaction
    identity_providers = returned.services.federation.identity_providers
    auth_time = _auth_time(browser, claims)
    if transaction.is_fresh:
        begun_at = datetime.fromtimestamp(transaction.begun_at, UTC)
        has_auth_time = claims.get("auth_time") is not None
        if has_auth_time and auth_time < begun_at - SKEW:
            return _leave(browser, _with_message(start_url, "stale"))
        # The sign-in followed our request, whatever the provider's clock says.
        auth_time = max(auth_time, begun_at)
    user = await identity_providers.user_of(identity)
    group_mappings = returned.services.federation.group_mappings
    groups = await group_mappings.mapped_values(returned.provider, claims)
    if user is None:
        pending_account = PendingAccount(
            asdict(identity),
            transaction.state,
            transaction.given,
            transaction.begun_at,
            [*groups],
        )
        store_pending_account(browser, pending_account)
        return redirect(returned.continuation.link(NEW_HERE))
    await group_mappings.renew(user, returned.provider, groups)
    if transaction.is_fresh:
        proof = AUTH_TIME if has_auth_time else PROMPT_LOGIN
        await identity_providers.record_fresh_sign_in(user, identity, proof=proof)
    interaction = await load_interaction(returned, Fields(transaction.given))
    return await sign_in_by_provider(
        interaction, user, provider=returned.provider.name, auth_time=auth_time
    )


async def _link(returned: Return, identity: ExternalIdentity) -> Response:
    """Link the external identity, only in the session that requested it and for the same user."""
    browser, transaction, current = returned.browser, returned.transaction, returned.browser.current
    if (
        current is None
        or current.user.user_id != transaction.user_id
        or current.session.session_id != transaction.session_id
    ):
        return problem(browser, LOST, TRY_AGAIN, OTHER_PERSON, again=CONNECTIONS)
    is_linked = await returned.services.federation.identity_providers.link(
        current.user, identity, label=returned.provider.label
    )
    return _leave(browser, _with_message(CONNECTIONS, "linked" if is_linked else "taken"))


async def sign_in_by_provider(
    request: InteractionRequest, user: User, *, provider: str, auth_time: datetime
) -> Response:
    """Sign in with an identity provider as the first factor.

    Whether a second factor is required is decided as after a password. `auth_time` is when the user
    signed in at the provider, so a session based on an old sign-in is not a recent one.
    """
    browser = request.browser
    if user.is_disabled:
        return _leave(browser, request.link(LOGIN, told="disabled"))
    response = await after_first_factor(
        request, user, first_factor=FEDERATED, auth_time=auth_time, provider=provider
    )
    clear(browser)
    return response


def _auth_time(browser: Browser, claims: Mapping[str, Any]) -> datetime:
    """Return when the user signed in at the provider.

    If it is unknown, that is as long ago as a session can last.
    """
    services = browser.services
    now, auth_time = services.core.clock.now(), claims.get("auth_time")
    if not isinstance(auth_time, int) or not 0 < auth_time <= (now + SKEW).timestamp():
        return now - services.accounts.sessions.longest
    return min(now, datetime.fromtimestamp(auth_time, UTC))


def _with_message(path: str, name: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}told={name}"


def _leave(browser: Browser, path: str) -> Response:
    """Return a redirect after a sign-in that is over."""
    clear(browser)
    return redirect(path)
