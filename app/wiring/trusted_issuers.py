"""Trusted issuers, and what verifies their JWTs."""

from dataclasses import dataclass

from app.oauth.trusted_assertions import TrustedAssertions
from app.repositories.oauth.trusted_issuers import TrustedIssuerRepository
from app.services.clients.client_keys import ClientKeys
from app.services.oauth.resource_catalogue import ResourceCatalogue
from app.services.oauth.trusted_issuers import TrustedIssuerService
from app.wiring.core import Core


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuers:
    trusted_issuers: TrustedIssuerService
    trusted_assertions: TrustedAssertions


def build_trusted_issuers(
    core: Core, *, client_keys: ClientKeys, resource_catalogue: ResourceCatalogue
) -> TrustedIssuers:
    trusted_issuer_repository = TrustedIssuerRepository(core.database)
    return TrustedIssuers(
        trusted_issuers=TrustedIssuerService(
            trusted_issuer_repository=trusted_issuer_repository,
            client_repository=core.client_repository,
            user_repository=core.user_repository,
            resource_catalogue=resource_catalogue,
            audit=core.audit,
            clock=core.clock,
            issuer=core.settings.issuer_url,
        ),
        trusted_assertions=TrustedAssertions(
            trusted_issuer_repository=trusted_issuer_repository,
            client_keys=client_keys,
            clock=core.clock,
        ),
    )
