"""Tokens and codes, and what signs and issues them."""

from dataclasses import dataclass
from datetime import timedelta

from app.oauth.access_jwts import AccessJwts
from app.oauth.access_token_reader import AccessTokenReader
from app.oauth.dpop.nonces import DpopNonces
from app.oauth.dpop.proofs import DpopProofs
from app.oauth.dpop.target_uris import TargetUris
from app.oauth.exchange.actors import ActClaims
from app.oauth.id_tokens import IdTokens
from app.oauth.issuer import TokenIssuer
from app.oauth.lifetimes import Lifetimes
from app.oauth.refresh_grace import RefreshGrace
from app.oauth.sealed_families import SealedFamilies
from app.oauth.shared_refresh_tokens import SharedRefreshTokens
from app.repositories.oauth.access_tokens import AccessTokenRepository
from app.repositories.oauth.authorization_codes import AuthorizationCodeRepository
from app.repositories.oauth.device_codes import DeviceCodeRepository
from app.repositories.oauth.exchanged_tokens import ExchangedTokenRepository
from app.repositories.oauth.jwt_states import JwtStateRepository
from app.repositories.oauth.refresh_tokens import RefreshTokenRepository
from app.repositories.oauth.signing_keys import SigningKeyRepository
from app.repositories.oauth.token_families import TokenFamilyRepository
from app.security.jose import ALGORITHMS
from app.security.purposes import Purpose
from app.services.clients.fapi import FAPI_ALGORITHMS
from app.services.clients.usage import ClientUsageService
from app.services.oauth.signing_keys import SigningKeys
from app.wiring.core import Core
from app.wiring.resources import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    access_token_repository: AccessTokenRepository
    refresh_token_repository: RefreshTokenRepository
    token_family_repository: TokenFamilyRepository
    authorization_code_repository: AuthorizationCodeRepository
    device_code_repository: DeviceCodeRepository
    signing_keys: SigningKeys
    id_tokens: IdTokens
    access_jwts: AccessJwts
    dpop_proofs: DpopProofs
    token_issuer: TokenIssuer
    shared_refresh_tokens: SharedRefreshTokens
    refresh_grace: RefreshGrace
    exchanged_token_repository: ExchangedTokenRepository
    act_claims: ActClaims
    lifetimes: Lifetimes


def build_tokens(core: Core, *, usage: ClientUsageService) -> Tokens:
    settings = core.settings
    access_token_repository = AccessTokenRepository(core.database)
    refresh_token_repository = RefreshTokenRepository(core.database)
    token_family_repository = TokenFamilyRepository(core.database)
    id_token_ttl = timedelta(seconds=settings.id_token_ttl)
    signing_keys = SigningKeys(
        signing_key_repository=SigningKeyRepository(core.database),
        box=core.box(Purpose.SIGNING_KEYS),
        audit=core.audit,
        clock=core.clock,
        threads=core.signature_threads,
        max_age=timedelta(seconds=settings.signing_key_max_age),
        token_ttl=id_token_ttl,
        initial_algorithms=FAPI_ALGORITHMS if core.fapi.holds_for_all else ALGORITHMS,
    )
    box_of_families = core.box(Purpose.FAMILIES_OF_JWTS)
    id_tokens = IdTokens(
        signing_keys=signing_keys,
        fapi=core.fapi,
        clock=core.clock,
        sealed_families=SealedFamilies(box_of_families),
        issuer=settings.issuer_url,
        ttl=id_token_ttl,
    )
    access_jwts = AccessJwts(
        signing_keys=signing_keys,
        box=box_of_families,
        entitlements=core.entitlements,
        fapi=core.fapi,
        issuer=settings.issuer_url,
    )
    dpop_proofs = DpopProofs(
        replay_cache_repository=core.replay_cache_repository,
        nonces=DpopNonces(core.secret_keys),
        target_uris=TargetUris(core.links.bases),
        clock=core.clock,
        requires_nonce=settings.dpop_nonce == "required",
    )
    lifetimes = Lifetimes(
        access=timedelta(seconds=settings.access_token_ttl),
        refresh=timedelta(seconds=settings.refresh_token_ttl),
        family=timedelta(seconds=settings.refresh_token_max_ttl),
    )
    token_issuer = TokenIssuer(
        access_token_repository=access_token_repository,
        refresh_token_repository=refresh_token_repository,
        token_family_repository=token_family_repository,
        id_tokens=id_tokens,
        access_jwts=access_jwts,
        dpop_proofs=dpop_proofs,
        usage=usage,
        fapi=core.fapi,
        clock=core.clock,
        lifetimes=lifetimes,
    )
    grace = RefreshGrace(of_agents=timedelta(seconds=settings.refresh_grace_agents))
    return Tokens(
        access_token_repository=access_token_repository,
        refresh_token_repository=refresh_token_repository,
        token_family_repository=token_family_repository,
        authorization_code_repository=AuthorizationCodeRepository(core.database),
        device_code_repository=DeviceCodeRepository(core.database),
        signing_keys=signing_keys,
        id_tokens=id_tokens,
        access_jwts=access_jwts,
        dpop_proofs=dpop_proofs,
        token_issuer=token_issuer,
        shared_refresh_tokens=SharedRefreshTokens(
            token_issuer=token_issuer,
            refresh_token_repository=refresh_token_repository,
            token_family_repository=token_family_repository,
            grace=grace,
            audit=core.audit,
            clock=core.clock,
        ),
        refresh_grace=grace,
        exchanged_token_repository=ExchangedTokenRepository(core.database),
        act_claims=ActClaims(core.user_repository, issuer=settings.issuer_url),
        lifetimes=lifetimes,
    )


def build_reader(core: Core, tokens: Tokens, resources: Resources) -> AccessTokenReader:
    return AccessTokenReader(
        access_token_repository=tokens.access_token_repository,
        jwt_state_repository=JwtStateRepository(core.database),
        exchanged_token_repository=tokens.exchanged_token_repository,
        resource_catalogue=resources.resource_catalogue,
        access_jwts=tokens.access_jwts,
        signing_keys=tokens.signing_keys,
        clock=core.clock,
        issuer=core.settings.issuer_url,
    )
