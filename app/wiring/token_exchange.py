"""Token exchange: what verifies subject tokens, and issues new ones for them."""

from dataclasses import dataclass

from app.oauth.access_token_reader import AccessTokenReader
from app.oauth.exchange.identity_assertions import IdentityAssertions
from app.oauth.exchange.issuer import ExchangedTokenIssuer
from app.oauth.exchange.verification import TokenVerification
from app.wiring.clients import Clients
from app.wiring.core import Core
from app.wiring.resources import Resources
from app.wiring.tokens import Tokens
from app.wiring.trusted_issuers import TrustedIssuers


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenExchange:
    token_verification: TokenVerification
    exchanged_token_issuer: ExchangedTokenIssuer
    identity_assertions: IdentityAssertions


def build_token_exchange(
    core: Core,
    *,
    clients: Clients,
    tokens: Tokens,
    resources: Resources,
    trusted: TrustedIssuers,
    access_tokens: AccessTokenReader,
) -> TokenExchange:
    return TokenExchange(
        token_verification=TokenVerification(
            access_tokens=access_tokens,
            id_tokens=tokens.id_tokens,
            trusted_assertions=trusted.trusted_assertions,
            exchanged_token_repository=tokens.exchanged_token_repository,
            resource_catalogue=resources.resource_catalogue,
            client_repository=core.client_repository,
            user_repository=core.user_repository,
            clock=core.clock,
        ),
        exchanged_token_issuer=ExchangedTokenIssuer(
            exchanged_token_repository=tokens.exchanged_token_repository,
            token_family_repository=tokens.token_family_repository,
            token_issuer=tokens.token_issuer,
            access_jwts=tokens.access_jwts,
            act_claims=tokens.act_claims,
            usage=clients.usage,
            audit=core.audit,
            clock=core.clock,
            lifetimes=tokens.lifetimes,
        ),
        identity_assertions=IdentityAssertions(
            id_tokens=tokens.id_tokens,
            token_issuer=tokens.token_issuer,
            exchanged_token_repository=tokens.exchanged_token_repository,
            refresh_token_repository=tokens.refresh_token_repository,
            token_family_repository=tokens.token_family_repository,
            client_repository=core.client_repository,
            user_repository=core.user_repository,
            entitlements=core.entitlements,
            audit=core.audit,
            clock=core.clock,
        ),
    )
