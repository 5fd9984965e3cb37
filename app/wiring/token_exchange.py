"""Token exchange: what verifies subject tokens, and issues new ones for them.

Identity assertions are issued by token exchange, and redeemed by the JWT bearer grant.
"""

from dataclasses import dataclass

from app.oauth.access_token_reader import AccessTokenReader
from app.oauth.exchange.identity_assertions import IdentityAssertions
from app.oauth.exchange.issuer import ExchangedTokenIssuer
from app.oauth.exchange.verification import TokenVerification
from app.oauth.received_identities.redemption import IdentityRedemption
from app.oauth.received_identities.targets import IdentityTargets
from app.oauth.received_identities.users import IdentityUsers
from app.oauth.received_identities.verification import IdentityVerification
from app.repositories.federation.identity_providers import IdentityProviderRepository
from app.services.federation.vouched_users import VouchedUsers
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
    identity_redemption: IdentityRedemption


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
            fapi=core.fapi,
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
        identity_redemption=_build_identity_redemption(
            core, tokens=tokens, resources=resources, trusted=trusted
        ),
    )


def _build_identity_redemption(
    core: Core, *, tokens: Tokens, resources: Resources, trusted: TrustedIssuers
) -> IdentityRedemption:
    identity_provider_repository = IdentityProviderRepository(core.database)
    return IdentityRedemption(
        verification=IdentityVerification(
            trusted_assertions=trusted.trusted_assertions,
            clock=core.clock,
            issuer=core.settings.issuer_url,
        ),
        targets=IdentityTargets(
            resource_indicators=resources.resource_indicators,
            resource_catalogue=resources.resource_catalogue,
        ),
        users=IdentityUsers(
            identity_provider_repository=identity_provider_repository,
            user_repository=core.user_repository,
            vouched_users=VouchedUsers(
                identity_provider_repository=identity_provider_repository,
                user_repository=core.user_repository,
                audit=core.audit,
                clock=core.clock,
            ),
        ),
        token_issuer=tokens.token_issuer,
        replay_cache_repository=core.replay_cache_repository,
        entitlements=core.entitlements,
        audit=core.audit,
    )
