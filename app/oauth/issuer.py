"""Issuing of tokens (RFC 6749 section 5.1).

No other module issues any, except `app.oauth.exchange.issuer` after token exchange.
"""

from dataclasses import replace
from datetime import timedelta

from app.clock import Clock
from app.models.accounts.users import User
from app.models.clients.clients import Client
from app.models.oauth.refresh_tokens import RefreshToken
from app.oauth.access_jwts import AccessJwts, JwtUser, jwt_user_of
from app.oauth.descriptions import Description
from app.oauth.detail_lists import details_in
from app.oauth.dpop.confirmation import token_type_of
from app.oauth.dpop.proofs import DpopProofs
from app.oauth.errors import InvalidTargetError
from app.oauth.id_tokens import Authentication, IdTokens
from app.oauth.lifetimes import Lifetimes
from app.oauth.new_tokens import family_lifetime, new_family, new_pair, pair_of
from app.oauth.proven_keys import NO_KEYS, ProvenKeys, bound_to, is_bound_to_proof
from app.oauth.refresh_grace import may_refresh
from app.oauth.scopes import OFFLINE_ACCESS
from app.oauth.token_grants import TokenGrant
from app.oauth.token_pairs import packed, unpacked
from app.repositories.oauth.access_tokens import AccessTokenRepository
from app.repositories.oauth.redemptions import Redemption
from app.repositories.oauth.refresh_tokens import RefreshTokenRepository
from app.repositories.oauth.token_families import TokenFamilyRepository
from app.schemas.tokens import TokenResponse
from app.security.rotation import derived_pair
from app.security.tokens import ACCESS_TOKEN, digest_of, new_identifier, new_secret, new_token
from app.services.accounts.entitlements import LazyEntitlements
from app.services.accounts.sessions import SignedIn
from app.services.clients.fapi import FapiProfile
from app.services.clients.usage import ClientUsageService


class TokenIssuer:
    """Issues tokens; what a method returns has been committed.

    The access token is bound to the `keys` that the token request proves. A DPoP proof among them
    is used up in the step that stores the tokens (RFC 9449).
    """

    def __init__(
        self,
        *,
        access_token_repository: AccessTokenRepository,
        refresh_token_repository: RefreshTokenRepository,
        token_family_repository: TokenFamilyRepository,
        id_tokens: IdTokens,
        access_jwts: AccessJwts,
        dpop_proofs: DpopProofs,
        usage: ClientUsageService,
        fapi: FapiProfile,
        clock: Clock,
        lifetimes: Lifetimes,
    ) -> None:
        self._access_token_repository = access_token_repository
        self._refresh_token_repository = refresh_token_repository
        self._token_family_repository = token_family_repository
        self._id_tokens = id_tokens
        self._access_jwts = access_jwts
        self._dpop_proofs = dpop_proofs
        self._usage = usage
        self._fapi = fapi
        self._clock = clock
        self._lifetimes = lifetimes

    async def issue_to_client(
        self, client: Client, grant: TokenGrant, *, keys: ProvenKeys
    ) -> TokenResponse:
        """Issue an access token to the client itself, without a refresh token (section 4.4.3)."""
        if keys is not NO_KEYS:
            grant = bound_to(keys, grant, client)
        now, lifetime = self._clock.now(), self._lifetimes.access_of(client, grant.resource)
        if grant.is_for_jwt:
            token = await self._access_jwts.for_client(
                client, grant, issued_at=now, expires_at=now + lifetime
            )
            is_stored = False  # a JWT has no row: a proof is used by itself
        else:
            token = new_token(ACCESS_TOKEN)
            is_stored = await self._access_token_repository.store_for_client(
                digest_of(token),
                client_id=client.client_id,
                scope=grant.scope,
                issued_at=now,
                expires_at=now + lifetime,
                audience=grant.audience,
                confirmation=grant.confirmation,
                authorization_details=grant.authorization_details,
                use=keys.use_of_proof,
            )
        if not is_stored:
            await self.refuse_replay(keys)
        self._usage.note_token(client.client_id, now, user_id=None)
        return TokenResponse(
            access_token=token,
            token_type=token_type_of(grant.confirmation),
            expires_in=int(lifetime.total_seconds()),
            scope=grant.scope or None,
            authorization_details=details_in(grant.authorization_details),
        )

    async def issue_to_user(
        self,
        client: Client,
        grant: TokenGrant,
        *,
        user: User,
        with_refresh_token: bool,
        keys: ProvenKeys,
    ) -> TokenResponse | None:
        """Issue the first tokens of a new family; None if the sign-in is no longer valid."""
        grant = bound_to(keys, grant, client)
        now, lifetimes = self._clock.now(), self._lifetimes.of(client, grant.resource)
        family_expires_at = now + family_lifetime(lifetimes, with_refresh_token=with_refresh_token)
        pair, stored = new_pair(
            grant, lifetimes=lifetimes, family_expires_at=family_expires_at, now=now
        )
        family_id = new_identifier()
        pair = await self._access_jwts.in_pair(
            pair, client, grant, jwt_user_of(user), family_id=family_id, now=now
        )
        has_begun = await self._token_family_repository.begin(
            family_id,
            stored,
            new_family(grant, expires_at=family_expires_at),
            client_id=client.client_id,
            user=user,
            with_refresh_token=with_refresh_token,
            use=keys.use_of_proof,
        )
        if not has_begun:
            await self.refuse_replay(keys)
            return None
        self._usage.note_token(client.client_id, now, user_id=user.user_id)
        return pair.response(now=now, with_refresh_token=with_refresh_token)

    async def redeem(
        self,
        redemption: Redemption,
        presented: str,
        client: Client,
        signed_in: SignedIn,
        *,
        family_id: str,
        grant: TokenGrant,
        authentication: Authentication,
        entitlements: LazyEntitlements,
        keys: ProvenKeys,
        nonce: str | None = None,
        claims: str | None = None,
    ) -> TokenResponse | None:
        """Redeem a code for the first tokens of its family, which has the id `family_id`.

        Returns None if the code is used or revoked by now, or the proof was used before. The tokens
        end with the session, unless `offline_access` was granted. JWTs are signed before anything
        is stored.
        """
        grant = bound_to(keys, grant, client)
        now, lifetimes = self._clock.now(), self._lifetimes.of(client, grant.resource)
        with_refresh_token = may_refresh(client, grant.kept_scope)
        family_expires_at = now + family_lifetime(lifetimes, with_refresh_token=with_refresh_token)
        if OFFLINE_ACCESS not in grant.kept_scope.split():
            family_expires_at = min(family_expires_at, signed_in.session.expires_at)
        pair, stored = new_pair(
            grant, lifetimes=lifetimes, family_expires_at=family_expires_at, now=now
        )
        pair = await self._access_jwts.in_pair(
            pair,
            client,
            grant,
            jwt_user_of(signed_in.user, authentication),
            family_id=family_id,
            now=now,
        )
        id_token = await self._id_tokens.issue_with(
            client,
            signed_in.user,
            pair.access_token,
            scope=grant.kept_scope,
            authentication=authentication,
            entitlements=entitlements,
            family_id=family_id,
            nonce=nonce,
            claims=claims,
        )
        is_redeemed = await redemption(
            digest_of(presented),
            stored,
            new_family(grant, expires_at=family_expires_at),
            with_refresh_token=with_refresh_token,
            use=keys.use_of_proof,
        )
        if not is_redeemed:
            return None
        self._usage.note_token(client.client_id, now, user_id=signed_in.user.user_id)
        return pair.response(now=now, with_refresh_token=with_refresh_token, id_token=id_token)

    async def rotate(
        self,
        presented: str,
        digest: bytes,
        refresh_token: RefreshToken,
        client: Client,
        *,
        grant: TokenGrant,
        grace: timedelta,
        keys: ProvenKeys,
    ) -> TokenResponse | RefreshToken:
        """Rotate a refresh token of a client and return the new pair.

        If the token was used, revoked or expired in the meantime, returns its current row instead.
        `digest` is that of the token, and `grace` is how long the response can be repeated. Under
        the FAPI 2.0 profile, the token is not rotated, but stays valid (section 5.3.2.1).
        """
        if keys is not NO_KEYS:
            grant = bound_to(keys, grant, client)
        now, keeps = self._clock.now(), self._fapi.holds_for(client)
        seed = b"" if keeps else new_secret()
        pair, stored = pair_of(
            (new_token(ACCESS_TOKEN), presented) if keeps else derived_pair(presented, seed),
            grant,
            lifetimes=self._lifetimes.of(client, grant.resource),
            family_expires_at=refresh_token.family_expires_at,
            now=now,
        )
        if grant.is_for_jwt:
            user = await self._user_of(refresh_token)
            pair = await self._access_jwts.in_pair(
                pair, client, grant, user, family_id=refresh_token.family_id, now=now
            )
        if keeps:
            current = await self._refresh_token_repository.renew(
                digest, refresh_token, stored, use=keys.use_of_proof
            )
        else:
            current = await self._refresh_token_repository.rotate(
                digest,
                refresh_token,
                stored,
                sealed=packed(pair, seed),
                grace_ends_at=now + grace,
                use=keys.use_of_proof,
            )
        if current is not None:
            await self.refuse_replay(keys)
            return current
        self._usage.note_token(client.client_id, now, user_id=refresh_token.user_id)
        return pair.response(now=now)

    async def repeat_response(
        self,
        presented: str,
        used: RefreshToken,
        client: Client,
        *,
        grant: TokenGrant,
        keys: ProvenKeys,
    ) -> TokenResponse | None:
        """Return the response to the rotation of this token, or None if it is not stored.

        It can only be recovered with the token itself. None also if its access token is bound to
        another key than those of the request. A JWT is signed again. Raises `InvalidTargetError` if
        it is for another resource than the one that this request is for.
        """
        if used.successor_sealed is None or used.used_at is None:
            return None
        pair = unpacked(used.successor_sealed, presented)
        if not is_bound_to_proof(pair.confirmation, keys):
            return None
        if pair.audience != grant.audience:
            raise InvalidTargetError(
                Description.RESOURCE_OF_REPEATED_REFRESH,
                reason="the refresh token was used for another resource before",
            )
        if pair.jti is not None:
            user = await self._user_of(used)
            grant = replace(
                grant,
                confirmation=pair.confirmation,
                authorization_details=pair.authorization_details,
            )
            pair = await self._access_jwts.again_in_pair(
                pair, client, grant, user, issued_at=used.used_at
            )
        return pair.response(now=self._clock.now())

    async def _user_of(self, token: RefreshToken) -> JwtUser:
        """Return what a JWT says of the user and the sign-in of a refresh token."""
        sign_in = await self._token_family_repository.find_sign_in(token.family_id)
        return JwtUser(
            user_id=token.user_id or "",
            pairwise_salt=token.pairwise_salt or b"",
            auth_time=sign_in.auth_time if sign_in is not None else None,
            acr=sign_in.acr if sign_in is not None else None,
        )

    async def refuse_replay(self, keys: ProvenKeys) -> None:
        """Raise `InvalidDpopProofError` if another request used the proof; else it is used now."""
        if keys.proof is not None:
            await self._dpop_proofs.spend(keys.proof, algorithms=None)
