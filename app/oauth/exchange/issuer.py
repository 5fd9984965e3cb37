"""Issuing of exchanged tokens (RFC 8693 section 2.2): an access token, never a refresh token."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.clock import Clock
from app.models.accounts.users import User
from app.models.clients.clients import Client
from app.models.oauth.actors import Actor, stored_actors
from app.models.operations.audit_outbox import NewEvent
from app.oauth.access_jwts import AccessJwts, JwtUser
from app.oauth.dpop.confirmation import token_type_of
from app.oauth.exchange.actors import ActClaims
from app.oauth.exchange.presented import PresentedToken
from app.oauth.exchange.token_types import ACCESS_TOKEN
from app.oauth.issuer import TokenIssuer
from app.oauth.lifetimes import Lifetimes
from app.oauth.proven_keys import ProvenKeys
from app.oauth.token_grants import TokenGrant
from app.repositories.oauth.exchanged_tokens import ExchangedTokenRepository, NewExchange
from app.repositories.oauth.token_families import TokenFamilyRepository
from app.schemas.tokens import TokenResponse
from app.security.tokens import TokenKind, digest_of, new_identifier, new_token
from app.services.accounts.events import AccountEvent
from app.services.clients.usage import ClientUsageService
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What a client gets for a subject token. `user` is None if that is about a client."""

    subject: PresentedToken
    user: User | None
    actors: Sequence[Actor]
    grant: TokenGrant


class ExchangedTokenIssuer:
    """Issues exchanged tokens; what it returns has been committed, with its audit event."""

    def __init__(
        self,
        *,
        exchanged_token_repository: ExchangedTokenRepository,
        token_family_repository: TokenFamilyRepository,
        token_issuer: TokenIssuer,
        access_jwts: AccessJwts,
        act_claims: ActClaims,
        usage: ClientUsageService,
        audit: AuditLog,
        clock: Clock,
        lifetimes: Lifetimes,
    ) -> None:
        self._exchanged_token_repository = exchanged_token_repository
        self._token_family_repository = token_family_repository
        self._token_issuer = token_issuer
        self._access_jwts = access_jwts
        self._act_claims = act_claims
        self._usage = usage
        self._audit = audit
        self._clock = clock
        self._lifetimes = lifetimes

    async def issue(
        self, client: Client, exchange: Exchange, *, keys: ProvenKeys
    ) -> TokenResponse | None:
        """Issue a token that ends with its subject token at the latest.

        `grant` is bound to the `keys` already. Returns None if the subject token is not valid any
        more.
        """
        subject, grant = exchange.subject, exchange.grant
        now, lifetime = self._clock.now(), self._lifetimes.of(client, grant.resource).access
        family_id, expires_at = new_identifier(), min(now + lifetime, subject.expires_at)
        token = new_token(TokenKind.ACCESS_TOKEN)
        if grant.is_for_jwt:
            token = await self._access_jwts.for_exchange(
                client,
                grant,
                family_id=family_id,
                user=await self._jwt_user_of(exchange),
                about_client_id=subject.about_client_id,
                act=await self._act_claims.of(
                    stored_actors(exchange.actors), sector_identifier=client.sector_identifier
                ),
                issued_at=now,
                expires_at=expires_at,
            )
        new = NewExchange(
            family_id=family_id,
            client_id=client.client_id,
            user_id=subject.user_id,
            about_client_id=subject.about_client_id,
            actors=stored_actors(exchange.actors),
            subject_client_id=subject.client_id,
            subject_family_id=subject.family_id,
            subject_digest=subject.reference.digest,
            subject_jti_digest=subject.reference.jti_digest,
            scope=grant.scope,
            scope_of_family=grant.kept_scope,
            resources=grant.resources,
            audience=grant.audience,
            confirmation=grant.confirmation,
            issued_at=now,
            expires_at=expires_at,
            access_digest=None if grant.is_for_jwt else digest_of(token),
        )
        has_begun = await self._exchanged_token_repository.begin(
            new, use=keys.use_of_proof, event=self._event_of(client, exchange)
        )
        if not has_begun:
            await self._token_issuer.refuse_replay(keys)
            return None
        self._usage.note_token(client.client_id, now, user_id=subject.user_id)
        return TokenResponse(
            access_token=token,
            token_type=token_type_of(grant.confirmation),
            expires_in=int((expires_at - now).total_seconds()),
            scope=grant.scope or None,
            issued_token_type=ACCESS_TOKEN,
        )

    async def _jwt_user_of(self, exchange: Exchange) -> JwtUser | None:
        """Return what a JWT says of the user and the sign-in of the subject token."""
        if exchange.user is None:
            return None
        family_id = exchange.subject.family_id
        sign_in = (
            await self._token_family_repository.find_sign_in(family_id)
            if family_id is not None
            else None
        )
        return JwtUser(
            user_id=exchange.user.user_id,
            pairwise_salt=exchange.user.pairwise_salt,
            auth_time=sign_in.auth_time if sign_in is not None else None,
            acr=sign_in.acr if sign_in is not None else None,
        )

    def _event_of(self, client: Client, exchange: Exchange) -> NewEvent:
        subject, resource = exchange.subject, exchange.grant.resource
        details: dict[str, Any] = {
            "actors": [actor.named for actor in exchange.actors],
            "resource": resource.name if resource is not None else None,
            "scope": exchange.grant.scope,
            "subject_client": subject.client_id,
        }
        actor = f"client:{client.client_id}"
        if subject.user_id is not None:
            return self._audit.event(
                AccountEvent.TOKEN_EXCHANGED,
                user_id=subject.user_id,
                client_id=client.client_id,
                actor=actor,
                **details,
            )
        return self._audit.event(
            ServerEvent.CLIENT_TOKEN_EXCHANGED,
            client_id=client.client_id,
            actor=actor,
            subject=subject.about_client_id,
            **details,
        )
