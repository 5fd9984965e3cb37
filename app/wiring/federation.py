"""Sign-in with identity providers."""

from dataclasses import dataclass

from app.oauth.federation.client import IdentityProviderClient
from app.repositories.accounts.group_mappings import GroupMappingRepository
from app.repositories.federation.identity_providers import IdentityProviderRepository
from app.security.purposes import Purpose
from app.services.accounts.group_mappings import GroupMappingService
from app.services.federation.administration import IdentityProviderAdministration
from app.services.federation.identity_providers import IdentityProviderService
from app.wiring.core import Core


@dataclass(frozen=True, slots=True, kw_only=True)
class Federation:
    identity_providers: IdentityProviderService
    administration: IdentityProviderAdministration
    provider_client: IdentityProviderClient
    group_mappings: GroupMappingService


def build_federation(core: Core) -> Federation:
    identity_provider_repository = IdentityProviderRepository(core.database)
    box = core.box(Purpose.IDENTITY_PROVIDER_SECRETS)
    return Federation(
        identity_providers=IdentityProviderService(
            identity_provider_repository=identity_provider_repository,
            user_repository=core.user_repository,
            replay_cache_repository=core.replay_cache_repository,
            box=box,
            audit=core.audit,
            notices=core.notices,
            clock=core.clock,
        ),
        administration=IdentityProviderAdministration(
            identity_provider_repository=identity_provider_repository,
            box=box,
            audit=core.audit,
            clock=core.clock,
            is_production=core.settings.is_production,
        ),
        provider_client=IdentityProviderClient(
            allowed_hosts=core.settings.outbound_allowed_hosts,
            ca_file=core.settings.outbound_ca_file,
            clock=core.clock,
            host_names=core.host_names,
        ),
        group_mappings=GroupMappingService(
            group_mapping_repository=GroupMappingRepository(core.database),
            identity_provider_repository=identity_provider_repository,
            audit=core.audit,
            clock=core.clock,
        ),
    )
