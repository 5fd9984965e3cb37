"""Makes tokens, and is the only place that does (RFC 6749 section 5.1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import Clock
from app.models.clients import Client
from app.models.refresh_tokens import RefreshToken
from app.models.users import User
from app.oauth.claims import claims_for_id_token, parse_claims
from app.oauth.id_tokens import Authentication, IdTokens
from app.oauth.scopes import OFFLINE_ACCESS, OPENID
from app.oauth.token_pairs import TokenPair, packed, unpacked
from app.repositories.access_tokens import AccessTokenRepository
from app.repositories.redemptions import Redemption
from app.repositories.refresh_tokens import RefreshTokenRepository
from app.repositories.token_families import NewPair, TokenFamilyRepository
from app.schemas.tokens import TokenResponse
from app.security.rotation import derived_pair
from app.security.tokens import TokenKind, digest_of, new_identifier, new_secret, new_token
from app.services.sessions import SignedIn


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long tokens live: `refresh` when idle, `family` in all."""

    access: timedelta
    refresh: timedelta
    family: timedelta


class Issuer:
    """Stores, then returns: what is answered has been committed."""

    def __init__(
        self,
        access_tokens: AccessTokenRepository,
        refresh_tokens: RefreshTokenRepository,
        families: TokenFamilyRepository,
        id_tokens: IdTokens,
        clock: Clock,
        lifetimes: Lifetimes,
    ) -> None:
        self._access_tokens = access_tokens
        self._refresh_tokens = refresh_tokens
        self._families = families
        self._id_tokens = id_tokens
        self._clock = clock
        self._lifetimes = lifetimes

    async def issue_to_client(self, client: Client, *, scope: str) -> TokenResponse:
        """An access token for the client itself, without a refresh token (section 4.4.3)."""
        token = new_token(TokenKind.ACCESS_TOKEN)
        now = self._clock.now()
        await self._access_tokens.store_for_client(
            digest_of(token),
            client_id=client.client_id,
            scope=scope,
            issued_at=now,
            expires_at=now + self._lifetimes.access,
        )
        return TokenResponse(
            access_token=token,
            expires_in=int(self._lifetimes.access.total_seconds()),
            scope=scope or None,
        )

    async def issue_to_user(
        self, client: Client, *, user: User, scope: str, with_refresh_token: bool
    ) -> TokenResponse | None:
        """The first tokens of a new family; None where the sign-in is worth nothing any more."""
        now = self._clock.now()
        family_expires_at = now + self._family_lifetime(with_refresh_token=with_refresh_token)
        pair, stored = self._new_pair(scope, family_expires_at=family_expires_at, now=now)
        has_begun = await self._families.begin(
            new_identifier(),
            stored,
            client_id=client.client_id,
            user=user,
            expires_at=family_expires_at,
            with_refresh_token=with_refresh_token,
        )
        if not has_begun:
            return None
        return pair.response(now=now, with_refresh_token=with_refresh_token)

    async def redeem(
        self,
        redemption: Redemption,
        presented: str,
        client: Client,
        signed_in: SignedIn,
        *,
        scope: str,
        authentication: Authentication,
        nonce: str | None = None,
        claims: str | None = None,
    ) -> TokenResponse | None:
        """Uses a code for the first tokens of its family; None where somebody else used it.

        They end with the session, unless `offline_access` was granted. The ID token is signed
        before anything is stored.
        """
        now = self._clock.now()
        with_refresh_token = client.check_grant_type("refresh_token")
        family_expires_at = now + self._family_lifetime(with_refresh_token=with_refresh_token)
        if OFFLINE_ACCESS not in scope.split():
            family_expires_at = min(family_expires_at, signed_in.session.expires_at)
        pair, stored = self._new_pair(scope, family_expires_at=family_expires_at, now=now)
        id_token = await self.id_token(
            client,
            signed_in.user,
            pair.access_token,
            scope=scope,
            authentication=authentication,
            nonce=nonce,
            claims=claims,
        )
        is_ours = await redemption(
            digest_of(presented),
            stored,
            family_expires_at=family_expires_at,
            with_refresh_token=with_refresh_token,
        )
        if not is_ours:
            return None
        return pair.response(now=now, with_refresh_token=with_refresh_token, id_token=id_token)

    async def id_token(
        self,
        client: Client,
        user: User,
        access_token: str,
        *,
        scope: str,
        authentication: Authentication,
        nonce: str | None = None,
        claims: str | None = None,
    ) -> str | None:
        """The ID token that goes with an access token; None where `openid` was not granted."""
        if OPENID not in scope.split():
            return None
        return await self._id_tokens.issue(
            client,
            user,
            authentication=authentication,
            nonce=nonce,
            access_token=access_token,
            claims=claims_for_id_token(user, parse_claims(claims).within(client.scope)),
        )

    async def rotate(
        self, presented: str, digest: bytes, found: RefreshToken, *, scope: str, grace: timedelta
    ) -> TokenResponse | RefreshToken:
        """Use a refresh token and return the new pair, or the token as another caller left it.

        `digest` is that of the token, and `grace` is how long the answer can be repeated.
        """
        now, seed = self._clock.now(), new_secret()
        pair, stored = self._pair(
            derived_pair(presented, seed),
            scope,
            family_expires_at=found.family_expires_at,
            now=now,
        )
        current = await self._refresh_tokens.rotate(
            digest,
            found,
            stored,
            sealed=packed(pair, seed),
            grace_ends_at=now + grace,
        )
        return pair.response(now=now) if current is None else current

    def same_again(self, presented: str, used: RefreshToken) -> TokenResponse | None:
        """The answer that the one use of this token got; found again only with the token itself."""
        if used.successor_sealed is None:
            return None
        return unpacked(used.successor_sealed, presented).response(now=self._clock.now())

    def _family_lifetime(self, *, with_refresh_token: bool) -> timedelta:
        """Without a refresh token a family ends with its only access token."""
        return self._lifetimes.family if with_refresh_token else self._lifetimes.access

    def _new_pair(
        self, scope: str, *, family_expires_at: datetime, now: datetime
    ) -> tuple[TokenPair, NewPair]:
        tokens = new_token(TokenKind.ACCESS_TOKEN), new_token(TokenKind.REFRESH_TOKEN)
        return self._pair(tokens, scope, family_expires_at=family_expires_at, now=now)

    def _pair(
        self, tokens: tuple[str, str], scope: str, *, family_expires_at: datetime, now: datetime
    ) -> tuple[TokenPair, NewPair]:
        access_token, refresh_token = tokens
        access_expires_at = min(now + self._lifetimes.access, family_expires_at)
        stored = NewPair(
            access_digest=digest_of(access_token),
            access_expires_at=access_expires_at,
            refresh_digest=digest_of(refresh_token),
            refresh_expires_at=min(now + self._lifetimes.refresh, family_expires_at),
            issued_at=now,
            scope=scope,
        )
        return TokenPair(access_token, refresh_token, scope, access_expires_at), stored
