"""Refresh token grant (RFC 6749 section 6) with rotation (RFC 9700 section 4.14.2).

A token can be used once. If it is presented again within a grace window, the response is the same
pair, so that neither a lost response nor thirty concurrent requests sign the user out; the window
ends when the successor is used. After the window, a second use means that the token has leaked: the
family is revoked. The tokens of agents have a longer window (`SharedRefreshTokens`).

The tokens of a public client that used a proof are bound to its key (RFC 9449 section 5). Those of
another client are bound to its authentication, so each refresh may use another key.

The tokens of clients under the FAPI 2.0 profile are not rotated: they are bound to the client's
authentication, and a response that is lost does no harm.
"""

from dataclasses import replace
from typing import Literal, NoReturn

from app.clock import Clock
from app.models.clients.clients import Client
from app.models.oauth.refresh_tokens import RefreshToken
from app.models.oauth.used_refresh_tokens import UsedRefreshToken
from app.oauth.access_policy import AccessRefusedError, may_use
from app.oauth.admin_access import without_admin_scopes
from app.oauth.authorization_details import AuthorizationDetails
from app.oauth.descriptions import Description
from app.oauth.grants.base import Grant, GrantParameters
from app.oauth.id_tokens import Authentication, IdTokens
from app.oauth.issuer import TokenIssuer
from app.oauth.lifetimes import refresh_token_expiry
from app.oauth.proven_keys import ProvenKeys, is_proven
from app.oauth.refresh_grace import RefreshGrace, is_shared_by_processes, may_ask_to_refresh
from app.oauth.requests import TokenRequest
from app.oauth.resource_indicators import ResourceIndicators
from app.oauth.scopes import OPENID
from app.oauth.shared_refresh_tokens import SharedRefreshTokens, not_valid
from app.oauth.token_grants import TokenGrant
from app.observability.logging import logger
from app.repositories.accounts.users import UserRepository
from app.repositories.oauth.refresh_tokens import RefreshTokenRepository
from app.repositories.oauth.token_families import TokenFamilyRepository
from app.schemas.tokens import TokenResponse
from app.security.tokens import REFRESH_TOKEN, digest_of
from app.services.accounts.entitlements import EntitlementService, LazyEntitlements
from app.services.accounts.events import AccountEvent
from app.services.operations.audit import AuditLog

log = logger(__name__)


class RefreshTokenParameters(GrantParameters):
    """Token request with a refresh token; the scope may be narrower than before.

    Of several resources that were granted, each request gets a token for one.
    """

    grant_type: Literal["refresh_token"]
    refresh_token: str


class RefreshTokenGrant(Grant[RefreshTokenParameters]):
    grant_type = "refresh_token"
    requires_user = True
    is_for_public_clients = True
    allows_open_registration = True
    has_limits_of_its_own = False
    can_prove_client = False
    parameters = RefreshTokenParameters
    example_name = "Refresh the tokens"
    example = {  # noqa: RUF012 - a constant for the documentation
        "grant_type": "refresh_token",
        "refresh_token": "postern_rt_…",
    }

    def __init__(
        self,
        *,
        token_issuer: TokenIssuer,
        id_tokens: IdTokens,
        resource_indicators: ResourceIndicators,
        authorization_details: AuthorizationDetails,
        refresh_token_repository: RefreshTokenRepository,
        token_family_repository: TokenFamilyRepository,
        user_repository: UserRepository,
        entitlements: EntitlementService,
        shared_refresh_tokens: SharedRefreshTokens,
        grace: RefreshGrace,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._token_issuer = token_issuer
        self._id_tokens = id_tokens
        self._resource_indicators = resource_indicators
        self._authorization_details = authorization_details
        self._refresh_token_repository = refresh_token_repository
        self._token_family_repository = token_family_repository
        self._user_repository = user_repository
        self._entitlements = entitlements
        self._shared_refresh_tokens = shared_refresh_tokens
        self._grace = grace
        self._audit = audit
        self._clock = clock

    def is_open_to(self, client: Client) -> bool:
        """Return whether the client registered the grant, or may have got a token without that."""
        return super().is_open_to(client) or may_ask_to_refresh(client)

    async def exchange(
        self, request: TokenRequest, parameters: RefreshTokenParameters
    ) -> TokenResponse:
        client, presented = request.client, parameters.refresh_token
        if not presented.startswith(REFRESH_TOKEN):
            raise not_valid("the token is not a refresh token")
        digest = digest_of(presented)
        token = await self._refresh_token_repository.find_in_active_family(digest)
        if token is None:
            await self._refuse_use_of_long_ago(client, digest)
            raise not_valid("the refresh token is unknown or revoked")
        if not token.check_client(client):
            raise not_valid("the refresh token belongs to another client")

        if token.confirmation is not None:
            _require_key(token, request.keys)
        if token.used_at is not None:
            await self._refuse_replay(client, token)
        entitlements = self._entitlements.lazily(token.user_id or "")
        if not await may_use(client, entitlements):
            raise AccessRefusedError(Description.REFRESH_TOKEN_INVALID)
        allowed = client.get_allowed_scope(token.scope)  # the client's scope may have shrunk
        scope = without_admin_scopes(allowed, client)
        grant = await self._resource_indicators.grant_of_refresh(
            client,
            resource=parameters.resource,
            asked=parameters.scope,
            scope=scope,
            granted=token.resources,
            granted_at=token.family_created_at,
        )
        if token.authorization_details is not None or parameters.authorization_details is not None:
            grant = await self._authorization_details.grant_of(
                grant,
                client,
                asked=parameters.authorization_details,
                granted=token.authorization_details,
            )
        if token.confirmation is not None:
            grant = replace(grant, confirmation=token.confirmation)
        if token.used_at is not None:
            repeated = await self._again(client, presented, token, grant, request.keys)
            return await self._with_id_token(client, token, repeated, entitlements)
        if refresh_token_expiry(token, client) <= self._clock.now():
            raise not_valid("the refresh token has expired")

        rotated = await self._token_issuer.rotate(
            presented,
            digest,
            token,
            client,
            grant=grant,
            grace=self._grace.of(client),
            keys=request.keys,
        )
        if isinstance(rotated, TokenResponse):
            return await self._with_id_token(client, token, rotated, entitlements)
        if rotated.used_at is None:
            raise not_valid("the refresh token was revoked or expired concurrently")
        repeated = await self._again(client, presented, rotated, grant, request.keys)
        return await self._with_id_token(client, token, repeated, entitlements)

    async def _refuse_replay(self, client: Client, refresh_token: RefreshToken) -> None:
        """Revoke the family if the token was used before and its grace window has ended."""
        if (
            refresh_token.used_at is None
            or self._clock.now() - refresh_token.used_at <= self._grace.of(client)
        ):
            return
        await self._revoke(refresh_token)

    async def _refuse_use_of_long_ago(self, client: Client, digest: bytes) -> None:
        """Revoke the family of a used token that has been deleted.

        Once the grace window of a token has ended, only its digest and its family are stored.
        """
        used = await self._refresh_token_repository.find_used(digest)
        if used is not None and used.client_id == client.client_id:
            await self._revoke(used)

    async def _revoke(self, used: RefreshToken | UsedRefreshToken) -> NoReturn:
        event = self._audit.event(
            AccountEvent.REFRESH_TOKEN_REPLAYED,
            user_id=used.user_id,
            client_id=used.client_id,
            succeeded=False,
        )
        await self._token_family_repository.revoke(
            used.family_id, now=self._clock.now(), event=event
        )
        log.warning(
            "a refresh token of client %s was replayed: family %s was revoked",
            used.client_id,
            used.family_id,
        )
        raise not_valid("the refresh token was replayed after its grace window")

    async def _again(
        self,
        client: Client,
        presented: str,
        used: RefreshToken,
        grant: TokenGrant,
        keys: ProvenKeys,
    ) -> TokenResponse:
        """Return the response to a used token within its grace window."""
        if is_shared_by_processes(client):
            return await self._shared_refresh_tokens.current_pair(
                presented, used, client, grant=grant, keys=keys
            )
        await self._token_issuer.refuse_replay(keys)
        return await self._same_again(client, presented, used, grant, keys)

    async def _same_again(
        self,
        client: Client,
        presented: str,
        used: RefreshToken,
        grant: TokenGrant,
        keys: ProvenKeys,
    ) -> TokenResponse:
        """Return the response to the first use of this token, until its successor is used."""
        if used.successor_used_at is not None:
            raise not_valid("the successor of the refresh token was already used")
        response = await self._token_issuer.repeat_response(
            presented, used, client, grant=grant, keys=keys
        )
        if response is None:
            raise not_valid("the response to the first use is not stored, or for another key")
        return response

    async def _with_id_token(
        self,
        client: Client,
        refresh_token: RefreshToken,
        response: TokenResponse,
        entitlements: LazyEntitlements,
    ) -> TokenResponse:
        """Add an ID token of the same sign-in, without nonce (OpenID Connect Core section 12.2)."""
        scope = response.scope or ""
        if OPENID not in scope.split() or refresh_token.user_id is None:
            return response
        sign_in = await self._token_family_repository.find_sign_in(refresh_token.family_id)
        user = await self._user_repository.find(refresh_token.user_id)
        if sign_in is None or sign_in.auth_time is None or user is None:
            return response
        id_token = await self._id_tokens.issue_with(
            client,
            user,
            response.access_token,
            scope=scope,
            authentication=Authentication(
                sign_in.auth_time, sign_in.acr or "", sign_in.amr or "", sign_in.session_id
            ),
            entitlements=entitlements,
            family_id=refresh_token.family_id,
            claims=sign_in.claims,
        )
        return response.model_copy(update={"id_token": id_token})


def _require_key(token: RefreshToken, keys: ProvenKeys) -> None:
    """Require the keys that the token is bound to (RFC 9449 section 5, RFC 8705 section 4)."""
    if not is_proven(token.confirmation, keys):
        raise not_valid("the refresh token is bound to a key that the request does not prove")
