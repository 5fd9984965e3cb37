"""`/login/with/{name}/callback`: the user returns from an identity provider."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.models.accounts.users import User
from app.models.federation.identity_providers import IdentityProvider
from app.oauth.federation.errors import (
    ProviderProtocolError,
    ProviderUnavailableError,
    SignInDeniedError,
)
from app.pages.account.base import sign_in_again_path
from app.pages.federation.errors import LOST, NO_FLOW, OTHER_PERSON, failed, problem
from app.pages.federation.state import (
    CONNECTIONS,
    LASTS,
    NEW_ACCOUNT,
    PendingAccount,
    SignInTransaction,
    forget,
    keep,
    kept,
)
from app.pages.sign_in.password import ask_second_factor
from app.pages.sign_in.state import (
    ACCOUNT_PLACES,
    PasswordGiven,
    complete,
    has_second_factor,
    link,
    pending_of,
)
from app.pages.sign_in.trusted_browsers import is_remembered
from app.pages.support.browser import Browser, BrowserDep
from app.pages.support.errors import TRY_AGAIN
from app.pages.support.languages import UI_LOCALES, in_language, remember_ui_locales
from app.services.federation.identity_provider_rules import (
    ExternalIdentity,
    external_identity_of,
)

router = APIRouter(include_in_schema=False)

FEDERATED = "fed"
SKEW = timedelta(seconds=10)
MAXIMUM_GROUPS_TEXT = 800
AUTH_TIME, PROMPT_LOGIN = "auth_time", "prompt=login"
"""Proofs that a sign-in at an identity provider is recent: it reports `auth_time`, or a new sign-in
was requested and it does not report one."""


@router.get("/login/with/{name}/callback")
async def callback(browser: BrowserDep, name: str) -> Response:
    query = browser.request.query_params
    identity_providers = browser.services.federation.identity_providers
    provider = await identity_providers.get_enabled(name)
    flow = kept(browser, SignInTransaction)
    if flow is not None:
        remember_ui_locales(browser.request, flow.given.get(UI_LOCALES))
    if (
        flow is None
        or flow.provider != name
        or not hmac.compare_digest(flow.state.encode(), query.get("state", "").encode())
        or not await identity_providers.spend(flow.state, lasts=LASTS)
    ):
        return problem(
            browser, LOST, TRY_AGAIN, NO_FLOW, again=in_language(browser.request, "/login")
        )
    return_path = await _back(browser, flow)
    client = browser.services.federation.provider_client
    try:
        code = await client.code_in(query, provider)
        claims = await client.claims_for(
            code,
            flow.authentication_request,
            provider=provider,
            client_secret=identity_providers.secret_of(provider),
        )
    except SignInDeniedError:
        return _to(browser, _told(return_path, "denied"))
    except (ProviderUnavailableError, ProviderProtocolError) as error:
        return failed(browser, provider, error, again=return_path)
    identity = external_identity_of(provider, claims)
    return await _arrived(browser, flow, identity, claims, provider)


async def _arrived(
    browser: Browser,
    flow: SignInTransaction,
    who: ExternalIdentity,
    claims: Mapping[str, Any],
    provider: IdentityProvider,
) -> Response:
    if flow.user_id:
        return await _link(browser, flow, who, provider.label)
    auth_time = _auth_time(browser, claims)
    if flow.is_fresh:
        begun_at = datetime.fromtimestamp(flow.begun_at, UTC)
        has_auth_time = claims.get("auth_time") is not None
        if has_auth_time and auth_time < begun_at - SKEW:
            return _to(browser, _told(await _back(browser, flow), "stale"))
        # The sign-in followed our request, whatever the provider's clock says.
        auth_time = max(auth_time, begun_at)
    user = await browser.services.federation.identity_providers.user_of(who)
    group_mappings = browser.services.federation.group_mappings
    groups = await group_mappings.mapped_values(provider, claims)
    if user is None:
        pending_account = PendingAccount(
            asdict(who), flow.state, flow.given, flow.begun_at, _short(groups)
        )
        response: Response = RedirectResponse(link(NEW_ACCOUNT, flow.given), status_code=303)
        return browser.keep(keep(browser, response, pending_account))
    await group_mappings.renew(user, provider, groups)
    if flow.is_fresh:
        proof = AUTH_TIME if has_auth_time else PROMPT_LOGIN
        await browser.services.federation.identity_providers.record_fresh_sign_in(
            user, who, proof=proof
        )
    return await sign_in_by_provider(browser, user, flow.given, auth_time=auth_time)


def _short(groups: Sequence[str]) -> list[str]:
    """Return the groups that the cookie of a new account holds; too many wait until the next
    sign-in."""
    return [*groups] if sum(map(len, groups)) <= MAXIMUM_GROUPS_TEXT else []


async def _link(
    browser: Browser, flow: SignInTransaction, who: ExternalIdentity, label: str
) -> Response:
    """Link the external identity, only in the session that requested it and for the same user."""
    current = browser.current
    if (
        current is None
        or current.user.user_id != flow.user_id
        or current.session.session_id != flow.session_id
    ):
        return problem(browser, LOST, TRY_AGAIN, OTHER_PERSON, again=CONNECTIONS)
    is_linked = await browser.services.federation.identity_providers.link(
        current.user, who, label=label
    )
    return _to(browser, f"{CONNECTIONS}?told={'linked' if is_linked else 'taken'}")


async def sign_in_by_provider(
    browser: Browser, user: User, given: Mapping[str, str], *, auth_time: datetime
) -> Response:
    """Sign in with an identity provider as the first factor.

    The second factor is required as after a password. `auth_time` is when the user signed in at
    the provider, so a session based on an old sign-in is not a recent one.
    """
    await pending_of(browser, given)
    if user.is_disabled:
        return _to(browser, link("/login", given, told="disabled"))
    is_trusted_browser = user.has_confirmed_otp and await is_remembered(browser, user)
    if not is_trusted_browser and await has_second_factor(browser, user):
        response = await ask_second_factor(
            browser, user, given, first_factor=FEDERATED, auth_time=auth_time
        )
        return forget(browser, response)
    sign_in = PasswordGiven(user, None, FEDERATED, auth_time)
    return forget(browser, await complete(browser, user, given, amr=(FEDERATED,), first=sign_in))


def _auth_time(browser: Browser, claims: Mapping[str, Any]) -> datetime:
    """Return when the user signed in at the provider; if unknown, `session_ttl` seconds ago.

    That is as long ago as a session can last.
    """
    services = browser.services
    now, auth_time = services.core.clock.now(), claims.get("auth_time")
    if not isinstance(auth_time, int) or not 0 < auth_time <= (now + SKEW).timestamp():
        return now - services.accounts.sessions.ttl
    return min(now, datetime.fromtimestamp(auth_time, UTC))


async def _back(browser: Browser, flow: SignInTransaction) -> str:
    """Return the path of the page on which the user started."""
    place, current = flow.given.get("next", ""), browser.current
    if flow.user_id:
        return CONNECTIONS
    if current is not None and place in ACCOUNT_PLACES:
        return await sign_in_again_path(browser, current, place)
    return link("/login", flow.given)


def _told(path: str, word: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}told={word}"


def _to(browser: Browser, path: str) -> Response:
    return forget(browser, browser.keep(RedirectResponse(path, status_code=303)))
