"""Authorization requests: what `/authorize` and `/par` accept, and how it goes on."""

from dataclasses import dataclass
from datetime import timedelta

from app.oauth.authorization.endpoint import AuthorizationEndpoint
from app.oauth.authorization.interactions import Interactions
from app.oauth.authorization.pushed import PushedRequests
from app.oauth.authorization.requests import RequestParser
from app.oauth.authorization.sources import RequestSources
from app.oauth.authorization_details import AuthorizationDetails
from app.oauth.client_auth.authenticator import ClientAuthenticator
from app.oauth.client_documents.documents import ClientDocuments
from app.oauth.request_objects import RequestObjects
from app.oauth.resource_indicators import ResourceIndicators
from app.repositories.oauth.authorization_requests import AuthorizationRequestRepository
from app.services.accounts.second_factor_policies import SecondFactorPolicies
from app.wiring.clients import Clients
from app.wiring.core import Core
from app.wiring.tokens import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    endpoint: AuthorizationEndpoint
    pushed_requests: PushedRequests


def build_authorization(
    core: Core,
    *,
    clients: Clients,
    tokens: Tokens,
    authenticator_of_pushed: ClientAuthenticator,
    client_documents: ClientDocuments,
    second_factor_policies: SecondFactorPolicies,
    resource_indicators: ResourceIndicators,
    authorization_details: AuthorizationDetails,
    prompts: tuple[str, ...],
) -> Authorization:
    settings = core.settings
    authorization_request_repository = AuthorizationRequestRepository(core.database)
    request_parser = RequestParser(
        resource_indicators=resource_indicators,
        fapi=core.fapi,
        authorization_details=authorization_details,
        issuer=settings.issuer_url,
        requires_pkce=settings.pkce == "all",
        prompts=prompts,
    )
    request_sources = RequestSources(
        client_repository=core.client_repository,
        client_documents=client_documents,
        authorization_request_repository=authorization_request_repository,
        request_objects=RequestObjects(
            client_keys=clients.client_keys,
            outbound=core.outbound,
            fapi=core.fapi,
            clock=core.clock,
            issuer=settings.issuer_url,
        ),
        request_parser=request_parser,
        fapi=core.fapi,
        limits=core.limits,
        clock=core.clock,
    )
    endpoint = AuthorizationEndpoint(
        request_sources=request_sources,
        request_parser=request_parser,
        interactions=Interactions(
            consents=clients.consents,
            id_tokens=tokens.id_tokens,
            entitlements=core.entitlements,
            second_factor_policies=second_factor_policies,
            clock=core.clock,
        ),
        consents=clients.consents,
        client_documents=client_documents,
        authorization_request_repository=authorization_request_repository,
        authorization_code_repository=tokens.authorization_code_repository,
        fapi=core.fapi,
        limits=core.limits,
        clock=core.clock,
        code_ttl=timedelta(seconds=settings.authorization_code_ttl),
    )
    pushed_requests = PushedRequests(
        authenticator=authenticator_of_pushed,
        client_documents=client_documents,
        request_sources=request_sources,
        request_parser=request_parser,
        dpop_proofs=tokens.dpop_proofs,
        authorization_request_repository=authorization_request_repository,
        fapi=core.fapi,
        limits=core.limits,
        clock=core.clock,
    )
    return Authorization(endpoint=endpoint, pushed_requests=pushed_requests)
