"""Client ID metadata documents: which are accepted, and how they are fetched."""

from datetime import timedelta

from app.oauth.client_documents.budgets import FetchBudgets
from app.oauth.client_documents.documents import ClientDocuments
from app.oauth.client_documents.fetching import DocumentFetcher
from app.oauth.client_documents.policy import DocumentPolicy
from app.oauth.client_metadata import ClientRules
from app.services.oauth.resource_catalogue import ResourceCatalogue
from app.wiring.clients import Clients
from app.wiring.core import Core

MARGIN = timedelta(days=1)
"""What a grant is remembered for after its last token has expired."""


def build_client_documents(
    core: Core, *, clients: Clients, resource_catalogue: ResourceCatalogue
) -> ClientDocuments:
    settings = core.settings
    rules = ClientRules(
        core.outbound, supported=clients.supported_metadata, fapi=core.fapi, is_strict=True
    )
    return ClientDocuments(
        client_repository=core.client_repository,
        client_document_repository=clients.client_document_repository,
        fetcher=DocumentFetcher(
            outbound=core.outbound,
            rules=rules,
            budgets=FetchBudgets(core.limits, core.clock),
            clock=core.clock,
            max_bytes=settings.client_document_max_bytes,
        ),
        policy=DocumentPolicy(
            mode=settings.client_documents_mode,
            hosts=frozenset(host.lower() for host in settings.client_document_hosts),
            issuer=settings.issuer_url,
            resource_catalogue=resource_catalogue,
        ),
        audit=core.audit,
        clock=core.clock,
        grant_lifetime=timedelta(seconds=settings.refresh_token_max_ttl + settings.access_token_ttl)
        + MARGIN,
    )
