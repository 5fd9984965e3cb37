"""Scopes of the admin API in tokens: who is granted one, and what a token opens.

A scope counts only if an administrator listed it for the client before the token's grant. For a
user, the role counts as well, and the grant needs a second factor of the last ten minutes. The list
and the role are read again at each request to the admin API.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Literal

from app.clock import Clock
from app.models.accounts.sessions import Session
from app.models.clients.clients import Client
from app.models.oauth.access_tokens import AccessToken
from app.oauth.scopes import wider_than_allowed
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth.token_families import TokenFamilyRepository
from app.schemas.admin_scopes import AdminScope
from app.services.accounts.entitlements import Entitlements, EntitlementService, LazyEntitlements
from app.services.accounts.sessions import ACR_MFA, MULTIPLE_FACTORS
from app.services.operations.authority import OF_AUDITOR, Authority, authority_of

FACTOR_AGE = timedelta(minutes=10)
ALL = frozenset(AdminScope)
NOTHING = authority_of(())

MissingFactor = Literal["sign_in", "second_factor"]
"""A sign-in with all factors, or the second factor alone."""


def has_recent_factor(amr: str, auth_time: datetime, *, at: datetime) -> bool:
    """Return whether a sign-in had a second factor, not long before an instant."""
    return MULTIPLE_FACTORS in amr.split() and at - auth_time <= FACTOR_AGE


def listed_in(scope: str, client: Client) -> Collection[str]:
    """Return the scopes of the admin API in a scope that the client may have."""
    listed = client.listed_admin_scopes
    return [name for name in scope.split() if name in listed] if listed else ()


def without_admin_scopes(scope: str, client: Client) -> str:
    """Return what a refresh can grant: a second factor must not last as long as a family."""
    listed = client.listed_admin_scopes
    return " ".join(name for name in scope.split() if name not in listed) if listed else scope


def missing_factor(
    scope: str, client: Client, session: Session, *, at: datetime
) -> MissingFactor | None:
    """Return what a user has to give before they can grant a scope to a client, or None."""
    if not listed_in(scope, client):
        return None
    if at - session.auth_time > FACTOR_AGE:
        return "sign_in"
    return None if session.acr == ACR_MFA else "second_factor"


async def scope_for_user(
    scope: str, *, client: Client, user: LazyEntitlements, has_recent_factor: bool
) -> str:
    """Return a scope without what the user may not give of the admin API.

    The user is looked up only if the scope has such a name.
    """
    listed = listed_in(scope, client)
    if not listed:
        return scope
    allowed = scopes_of(await user.get()) if has_recent_factor else frozenset()
    return " ".join(name for name in scope.split() if name not in listed or name in allowed)


async def scope_granted_by_user(
    scope: str, *, client: Client, user: LazyEntitlements, has_recent_factor: bool
) -> str:
    """Return the same as `scope_for_user`; raise `InvalidScopeError` if nothing is left."""
    granted = await scope_for_user(
        scope, client=client, user=user, has_recent_factor=has_recent_factor
    )
    if scope and not granted:
        raise wider_than_allowed("the user cannot grant any of the requested scope")
    return granted


def scopes_of(user: Entitlements) -> frozenset[AdminScope]:
    """Return the scopes of the admin API that the roles of a user allow."""
    if user.is_administrator:
        return ALL
    return OF_AUDITOR.scopes if user.is_auditor else frozenset()


class AdminAccess:
    """What access tokens open in the admin API."""

    def __init__(
        self,
        *,
        client_repository: ClientRepository,
        token_family_repository: TokenFamilyRepository,
        entitlements: EntitlementService,
        clock: Clock,
    ) -> None:
        self._client_repository = client_repository
        self._token_family_repository = token_family_repository
        self._entitlements = entitlements
        self._clock = clock

    async def authority_of(self, token: AccessToken) -> Authority:
        """Return the authority that a valid token gives now."""
        client = await self._client_repository.find(token.client_id, now=self._clock.now())
        listed = listed_in(token.scope, client) if client is not None else ()
        if client is None or not listed:
            return NOTHING
        granted_at = await self._granted_at(token)
        since = client.listed_admin_scopes
        scopes = {AdminScope(name) for name in listed if since[name] <= granted_at}
        if token.user_id is not None:
            scopes &= scopes_of(await self._entitlements.of(token.user_id))
        return authority_of(scopes)

    async def _granted_at(self, token: AccessToken) -> datetime:
        """Return when the token was granted: refreshing a token grants nothing."""
        if token.family_id is None:
            return token.issued_at
        sign_in = await self._token_family_repository.find_sign_in(token.family_id)
        return sign_in.created_at if sign_in is not None else datetime.min.replace(tzinfo=UTC)
