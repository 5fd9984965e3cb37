"""OAuth clients: registration, keys, logos, origins, and what users allowed them."""

from dataclasses import dataclass

from app.oauth.administered_clients import AdministeredClients
from app.oauth.client_auth import offered_methods
from app.oauth.client_auth.base import ClientAuthMethod
from app.oauth.grants import Grants
from app.oauth.registration import ClientRegistration
from app.oauth.supported_metadata import SupportedMetadata
from app.repositories.clients.agents import AgentRepository
from app.repositories.clients.application_uses import ApplicationUseRepository
from app.repositories.clients.client_documents import ClientDocumentRepository
from app.repositories.clients.client_origins import ClientOriginRepository
from app.repositories.clients.client_search import ClientSearchRepository
from app.repositories.clients.client_usage import ClientUsageRepository
from app.repositories.clients.consents import ConsentRepository
from app.repositories.clients.initial_access_tokens import InitialAccessTokenRepository
from app.repositories.federation.identity_providers import IdentityProviderRepository
from app.repositories.oauth.client_tokens import ClientTokenRepository
from app.repositories.oauth.resources import ResourceRepository
from app.services.clients.administration import ClientAdministration
from app.services.clients.agents import AgentService
from app.services.clients.blocked_hosts import BlockedHostService
from app.services.clients.client_consents import ClientConsentService
from app.services.clients.client_keys import ClientKeys
from app.services.clients.client_logos import ClientLogos
from app.services.clients.client_origins import ClientOrigins
from app.services.clients.client_search import ClientSearch
from app.services.clients.client_tokens import ClientTokenService
from app.services.clients.clients import ClientService
from app.services.clients.consents import ConsentService
from app.services.clients.fapi import FAPI_AUTH_METHODS
from app.services.clients.initial_access_tokens import InitialAccessTokenService
from app.services.clients.policies import ClientPolicyService
from app.services.clients.registration_tokens import RegistrationTokenService
from app.services.clients.secrets import ClientSecretService
from app.services.clients.usage import ClientUsageService
from app.wiring.core import Core
from app.wiring.groups import Groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    clients: ClientService
    registration: ClientRegistration
    client_keys: ClientKeys
    client_logos: ClientLogos
    client_origins: ClientOrigins
    consents: ConsentService
    administered: AdministeredClients
    administration: ClientAdministration
    policies: ClientPolicyService
    secrets: ClientSecretService
    initial_access_tokens: InitialAccessTokenService
    registration_tokens: RegistrationTokenService
    usage: ClientUsageService
    client_search: ClientSearch
    client_tokens: ClientTokenService
    client_consents: ClientConsentService
    client_document_repository: ClientDocumentRepository
    blocked_hosts: BlockedHostService
    agents: AgentService
    supported_metadata: SupportedMetadata


def methods_of_profile(core: Core) -> tuple[type[ClientAuthMethod], ...]:
    """Return the authentication methods that clients can have here."""
    offered = offered_methods(core.certificate_sources)
    if not core.fapi.holds_for_all:
        return offered
    return tuple(method for method in offered if method.name in FAPI_AUTH_METHODS)


def build_clients(core: Core, *, groups: Groups, grants: Grants) -> Clients:
    clients = ClientService(
        client_repository=core.client_repository,
        audit=core.audit,
        fapi=core.fapi,
        clock=core.clock,
        requires_pkce=core.settings.pkce == "all",
    )
    consent_repository = ConsentRepository(core.database)
    supported = SupportedMetadata.of(
        grants,
        methods_of_profile(core),
        has_client_certificates=core.certificate_sources.exist,
    )
    administration = ClientAdministration(
        client_repository=core.client_repository, audit=core.audit, clock=core.clock
    )
    client_document_repository = ClientDocumentRepository(core.database)
    return Clients(
        clients=clients,
        client_document_repository=client_document_repository,
        blocked_hosts=BlockedHostService(
            client_document_repository=client_document_repository,
            audit=core.audit,
            clock=core.clock,
        ),
        agents=AgentService(AgentRepository(core.database)),
        supported_metadata=supported,
        administered=AdministeredClients(
            administration=administration,
            outbound=core.outbound,
            supported=supported,
            fapi=core.fapi,
            is_strict=core.settings.is_production,
        ),
        administration=administration,
        registration=ClientRegistration(
            clients=clients,
            outbound=core.outbound,
            supported=supported,
            fapi=core.fapi,
            is_strict=core.settings.is_production,
        ),
        client_keys=ClientKeys(core.outbound, core.clock),
        client_logos=ClientLogos(core.outbound, core.clock),
        client_origins=ClientOrigins(ClientOriginRepository(core.database), core.clock),
        consents=ConsentService(
            consent_repository=consent_repository, clock=core.clock, audit=core.audit
        ),
        policies=ClientPolicyService(
            client_repository=core.client_repository,
            group_repository=groups.group_repository,
            identity_provider_repository=IdentityProviderRepository(core.database),
            resource_repository=ResourceRepository(core.database),
            attributes=groups.attributes,
            audit=core.audit,
            clock=core.clock,
        ),
        secrets=ClientSecretService(
            client_repository=core.client_repository, audit=core.audit, clock=core.clock
        ),
        initial_access_tokens=InitialAccessTokenService(
            initial_access_token_repository=InitialAccessTokenRepository(core.database),
            audit=core.audit,
            clock=core.clock,
        ),
        registration_tokens=RegistrationTokenService(
            client_repository=core.client_repository, audit=core.audit, clock=core.clock
        ),
        usage=ClientUsageService(
            client_usage_repository=ClientUsageRepository(core.database),
            consent_repository=consent_repository,
            application_use_repository=ApplicationUseRepository(core.database),
        ),
        client_search=ClientSearch(ClientSearchRepository(core.database)),
        client_tokens=ClientTokenService(
            client_token_repository=ClientTokenRepository(core.database),
            client_repository=core.client_repository,
            audit=core.audit,
            clock=core.clock,
        ),
        client_consents=ClientConsentService(
            consent_repository=consent_repository, audit=core.audit, clock=core.clock
        ),
    )
