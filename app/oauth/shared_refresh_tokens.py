"""Refresh tokens that several processes of an agent share.

Each process reads the stored token at its start. When another process has rotated it, the old
token gets the pair that is current now, within the grace window (see decision 0040).
"""

from datetime import timedelta

from app.clock import Clock
from app.models.clients.clients import Client
from app.models.oauth.refresh_tokens import RefreshToken
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidGrantError
from app.oauth.issuer import TokenIssuer
from app.oauth.lifetimes import refresh_token_expiry
from app.oauth.proven_keys import ProvenKeys, is_bound_to_proof
from app.oauth.refresh_grace import RefreshGrace
from app.oauth.token_grants import TokenGrant
from app.oauth.token_pairs import TokenPair, unpacked
from app.repositories.oauth.refresh_tokens import RefreshTokenRepository
from app.repositories.oauth.token_families import TokenFamilyRepository
from app.schemas.tokens import TokenResponse
from app.security.tokens import digest_of
from app.services.accounts.events import AccountEvent
from app.services.operations.audit import AuditLog

MAXIMUM_STEPS = 16
"""How many rotations a used token may be behind."""
SHORTEST_REMAINING = timedelta(seconds=60)
"""A current access token with less than this is replaced: the caller could hardly use it."""


class SharedRefreshTokens:
    def __init__(
        self,
        *,
        token_issuer: TokenIssuer,
        refresh_token_repository: RefreshTokenRepository,
        token_family_repository: TokenFamilyRepository,
        grace: RefreshGrace,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._token_issuer = token_issuer
        self._refresh_token_repository = refresh_token_repository
        self._token_family_repository = token_family_repository
        self._grace = grace
        self._audit = audit
        self._clock = clock

    async def current_pair(
        self,
        presented: str,
        used: RefreshToken,
        client: Client,
        *,
        grant: TokenGrant,
        keys: ProvenKeys,
    ) -> TokenResponse:
        """Return the current pair of the family of a used token that is within its grace window.

        Each used token opens the stored copy of its successor. The current refresh token is rotated
        if its access token is for another request than this one, or expires soon. Raises
        `InvalidGrantError` if the token is too many rotations behind, or was revoked meanwhile.
        """
        for _ in range(MAXIMUM_STEPS):
            if used.successor_sealed is None:
                raise not_valid("the response to the first use is not stored")
            pair = unpacked(used.successor_sealed, presented)
            digest = digest_of(pair.refresh_token)
            successor = await self._refresh_token_repository.find_in_active_family(digest)
            if successor is None:
                raise not_valid("the refresh token was revoked concurrently")
            if successor.used_at is None:
                response = await self._response(
                    presented, used, pair, digest, successor, client, grant=grant, keys=keys
                )
                if isinstance(response, TokenResponse):
                    await self._note(used)
                    return response
                successor = response
            presented, used = pair.refresh_token, successor
        raise not_valid(f"the refresh token is more than {MAXIMUM_STEPS} rotations behind")

    async def _response(
        self,
        presented: str,
        used: RefreshToken,
        pair: TokenPair,
        digest: bytes,
        current: RefreshToken,
        client: Client,
        *,
        grant: TokenGrant,
        keys: ProvenKeys,
    ) -> TokenResponse | RefreshToken:
        """Return the current pair, or a new one; or the current token if it is used by now."""
        if self._answers(pair, grant, keys):
            await self._token_issuer.refuse_replay(keys)
            response = await self._token_issuer.repeat_response(
                presented, used, client, grant=grant, keys=keys
            )
            if response is not None:
                return response
        if refresh_token_expiry(current, client) <= self._clock.now():
            raise not_valid("the current refresh token has expired")
        rotated = await self._token_issuer.rotate(
            pair.refresh_token,
            digest,
            current,
            client,
            grant=grant,
            grace=self._grace.of(client),
            keys=keys,
        )
        if isinstance(rotated, RefreshToken) and rotated.used_at is None:
            raise not_valid("the current refresh token was revoked or expired concurrently")
        return rotated

    def _answers(self, pair: TokenPair, grant: TokenGrant, keys: ProvenKeys) -> bool:
        """Return whether the access token of a pair is what this request would get."""
        return (
            pair.access_expires_at - self._clock.now() >= SHORTEST_REMAINING
            and pair.scope == grant.scope
            and pair.audience == grant.audience
            and pair.authorization_details == grant.authorization_details
            and is_bound_to_proof(pair.confirmation, keys)
        )

    async def _note(self, used: RefreshToken) -> None:
        """Record the first use of an old token in its family."""
        event = self._audit.event(
            AccountEvent.REFRESH_TOKEN_SHARED, user_id=used.user_id, client_id=used.client_id
        )
        await self._token_family_repository.note_shared(
            used.family_id, now=self._clock.now(), event=event
        )


def not_valid(reason: str) -> InvalidGrantError:
    """Return one error for a token that is unknown, expired, used, revoked or another client's."""
    return InvalidGrantError(Description.REFRESH_TOKEN_INVALID, reason=reason)
