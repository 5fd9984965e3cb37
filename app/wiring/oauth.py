"""The OAuth 2.0 and OpenID Connect endpoints."""

from dataclasses import dataclass
from datetime import timedelta

from app.oauth.admin_access import AdminAccess
from app.oauth.authorization.endpoint import AuthorizationEndpoint
from app.oauth.authorization.pushed import PushedRequests
from app.oauth.authorization.requests import prompts_here
from app.oauth.authorization_details import AuthorizationDetails
from app.oauth.backchannel_logout import LogoutDelivery
from app.oauth.bearer import BearerTokens
from app.oauth.client_auth import offered_methods
from app.oauth.client_auth.authenticator import ClientAuthenticator
from app.oauth.client_documents.documents import ClientDocuments
from app.oauth.client_documents.lookup import FetchingLookup
from app.oauth.device import DeviceAuthorization
from app.oauth.dispatcher import GrantDispatcher
from app.oauth.dpop.proofs import DpopProofs
from app.oauth.grants import Grants
from app.oauth.id_tokens import IdTokens
from app.oauth.introspection import Introspection
from app.oauth.logout import Logout
from app.oauth.metadata import server_metadata
from app.oauth.personal_tokens import PersonalTokenIntrospection
from app.oauth.revocation import Revocation
from app.oauth.scopes import SCOPES
from app.oauth.userinfo import UserInfo
from app.oauth.webfinger import WebFinger
from app.repositories.oauth.logout_notices import LogoutNoticeRepository
from app.repositories.oauth.personal_tokens import PersonalTokenRepository
from app.repositories.oauth.scopes import ScopeRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.metadata import ServerMetadata
from app.services.oauth.authorization_type_catalogue import AuthorizationTypeCatalogue
from app.services.oauth.authorization_types import AuthorizationTypeService
from app.services.oauth.default_resources import DefaultResourceService
from app.services.oauth.personal_tokens import PersonalTokenService
from app.services.oauth.resource_catalogue import ResourceCatalogue
from app.services.oauth.resources import ResourceService
from app.services.oauth.scope_catalogue import ScopeCatalogue
from app.services.oauth.scopes import ScopeService
from app.services.oauth.signing_keys import SigningKeys
from app.services.oauth.trusted_issuers import TrustedIssuerService
from app.wiring.accounts import Accounts
from app.wiring.authorization import build_authorization
from app.wiring.available import Available
from app.wiring.client_documents import build_client_documents
from app.wiring.clients import Clients, methods_of_profile
from app.wiring.core import Core
from app.wiring.factors import Factors
from app.wiring.resources import build_resources
from app.wiring.token_exchange import build_token_exchange
from app.wiring.tokens import build_reader, build_tokens
from app.wiring.trusted_issuers import build_trusted_issuers


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    grants: Grants
    dispatcher: GrantDispatcher
    authorization: AuthorizationEndpoint
    pushed_requests: PushedRequests
    device_authorization: DeviceAuthorization
    bearer_tokens: BearerTokens
    dpop_proofs: DpopProofs
    admin_access: AdminAccess
    introspection: Introspection
    revocation: Revocation
    userinfo: UserInfo
    logout: Logout
    logout_delivery: LogoutDelivery
    metadata: ServerMetadata
    webfinger: WebFinger
    signing_keys: SigningKeys
    id_tokens: IdTokens
    scopes: ScopeService
    scope_catalogue: ScopeCatalogue
    resources: ResourceService
    resource_catalogue: ResourceCatalogue
    default_resources: DefaultResourceService
    authorization_types: AuthorizationTypeService
    authorization_type_catalogue: AuthorizationTypeCatalogue
    authorization_details: AuthorizationDetails
    trusted_issuers: TrustedIssuerService
    client_documents: ClientDocuments
    personal_tokens: PersonalTokenService


def build_oauth(
    core: Core, *, accounts: Accounts, factors: Factors, clients: Clients, grants: Grants
) -> OAuth:
    settings, issuer = core.settings, core.settings.issuer_url
    resources = build_resources(core)
    tokens = build_tokens(core, usage=clients.usage)
    access_tokens = build_reader(core, tokens, resources)
    prompts = prompts_here(registration_is_open=core.registration_policy.is_open_to_users)
    parts = Available(core, clients)
    methods = [parts.build(method) for method in offered_methods(core.certificate_sources)]
    authenticator = ClientAuthenticator(
        client_repository=core.client_repository,
        methods=methods,
        fapi=core.fapi,
        limits=core.limits,
        clock=core.clock,
    )
    documents = build_client_documents(
        core, clients=clients, resource_catalogue=resources.resource_catalogue
    )
    authorization = build_authorization(
        core,
        tokens=tokens,
        clients=clients,
        authenticator_of_pushed=ClientAuthenticator(
            client_repository=FetchingLookup(core.client_repository, documents),
            methods=methods,
            fapi=core.fapi,
            limits=core.limits,
            clock=core.clock,
        ),
        client_documents=documents,
        second_factor_policies=accounts.second_factor_policies,
        resource_indicators=resources.resource_indicators,
        authorization_details=resources.authorization_details,
        prompts=prompts,
    )
    logout_delivery = LogoutDelivery(
        logout_notice_repository=LogoutNoticeRepository(core.database),
        client_repository=core.client_repository,
        user_repository=core.user_repository,
        id_tokens=tokens.id_tokens,
        outbound=core.outbound,
        clock=core.clock,
    )
    scope_repository = ScopeRepository(core.database)
    personal_token_repository = PersonalTokenRepository(core.database)
    trusted = build_trusted_issuers(
        core,
        client_keys=clients.client_keys,
        resource_catalogue=resources.resource_catalogue,
    )
    exchange = build_token_exchange(
        core,
        clients=clients,
        tokens=tokens,
        resources=resources,
        trusted=trusted,
        access_tokens=access_tokens,
    )
    available = Available(core, accounts, factors, clients, tokens, resources, trusted, exchange)
    return OAuth(
        grants=grants,
        dispatcher=GrantDispatcher(
            authenticator=authenticator,
            grants=[available.build(grant) for grant in grants],
            dpop_proofs=tokens.dpop_proofs,
            fapi=core.fapi,
            limits=core.limits,
            activity=core.activity,
        ),
        authorization=authorization.endpoint,
        pushed_requests=authorization.pushed_requests,
        device_authorization=DeviceAuthorization(
            authenticator=authenticator,
            resource_indicators=resources.resource_indicators,
            resource_catalogue=resources.resource_catalogue,
            authorization_details=resources.authorization_details,
            client_repository=core.client_repository,
            device_code_repository=tokens.device_code_repository,
            consents=clients.consents,
            entitlements=core.entitlements,
            second_factor_policies=accounts.second_factor_policies,
            fapi=core.fapi,
            limits=core.limits,
            audit=core.audit,
            clock=core.clock,
            links=core.links,
            ttl=timedelta(seconds=settings.device_code_ttl),
        ),
        bearer_tokens=BearerTokens(
            access_tokens=access_tokens,
            dpop_proofs=tokens.dpop_proofs,
            resource_catalogue=resources.resource_catalogue,
            fapi=core.fapi,
        ),
        dpop_proofs=tokens.dpop_proofs,
        admin_access=AdminAccess(
            client_repository=core.client_repository,
            token_family_repository=tokens.token_family_repository,
            entitlements=core.entitlements,
            clock=core.clock,
        ),
        introspection=Introspection(
            authenticator=authenticator,
            access_tokens=access_tokens,
            client_repository=core.client_repository,
            refresh_token_repository=tokens.refresh_token_repository,
            personal_tokens=PersonalTokenIntrospection(
                personal_token_repository=personal_token_repository,
                resource_catalogue=resources.resource_catalogue,
                entitlements=core.entitlements,
                fapi=core.fapi,
                clock=core.clock,
                issuer=issuer,
            ),
            entitlements=core.entitlements,
            act_claims=tokens.act_claims,
            fapi=core.fapi,
            clock=core.clock,
            issuer=issuer,
        ),
        revocation=Revocation(
            authenticator=authenticator,
            access_tokens=access_tokens,
            token_family_repository=tokens.token_family_repository,
            clock=core.clock,
        ),
        userinfo=UserInfo(
            user_repository=core.user_repository,
            client_repository=core.client_repository,
            token_family_repository=tokens.token_family_repository,
            entitlements=core.entitlements,
            signing_keys=tokens.signing_keys,
            fapi=core.fapi,
            clock=core.clock,
            issuer=issuer,
        ),
        logout=Logout(
            client_repository=core.client_repository,
            id_tokens=tokens.id_tokens,
            sessions=accounts.sessions,
            logout_delivery=logout_delivery,
            clock=core.clock,
            issuer=issuer,
        ),
        logout_delivery=logout_delivery,
        metadata=server_metadata(
            issuer,
            grants=grants,
            client_auth_methods=methods_of_profile(core),
            prompts=prompts,
            has_docs=settings.docs,
            has_registration=core.registration_policy.dynamic_registration == "open",
            has_client_certificates=core.certificate_sources.exist,
            mtls_base_url=core.links.alias,
            supports_documents=documents.policy.mode == "all" and not core.fapi.holds_for_all,
            is_fapi=core.fapi.holds_for_all,
        ),
        webfinger=WebFinger(issuer, settings.webfinger_domains),
        signing_keys=tokens.signing_keys,
        id_tokens=tokens.id_tokens,
        scopes=ScopeService(
            scope_repository=scope_repository,
            reserved=(*SCOPES, *AdminScope),
            audit=core.audit,
            clock=core.clock,
        ),
        scope_catalogue=ScopeCatalogue(scope_repository, core.clock),
        resources=resources.resources,
        resource_catalogue=resources.resource_catalogue,
        default_resources=resources.default_resources,
        authorization_types=resources.authorization_types,
        authorization_type_catalogue=resources.authorization_type_catalogue,
        authorization_details=resources.authorization_details,
        trusted_issuers=trusted.trusted_issuers,
        client_documents=documents,
        personal_tokens=PersonalTokenService(
            personal_token_repository=personal_token_repository,
            resource_catalogue=resources.resource_catalogue,
            entitlements=core.entitlements,
            fapi=core.fapi,
            audit=core.audit,
            clock=core.clock,
        ),
    )
