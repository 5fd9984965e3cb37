"""Which requests may use a document, by the settings of the server."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.details import Detail
from app.models.clients.clients import Client
from app.models.oauth.resources import Resource
from app.oauth.client_documents.errors import DocumentError, UnwantedDocumentError
from app.security.document_urls import host_in, problem_with
from app.services.oauth.resource_catalogue import ResourceCatalogue

DocumentsMode = Literal["all", "agents", "off"]
NOT_READ_YET = ("request", "request_uri")
"""Parameters whose content may name the resource; it is checked once they have been read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPolicy:
    """CLIENT_DOCUMENTS and CLIENT_DOCUMENT_HOSTS; no hosts means any host."""

    mode: DocumentsMode
    hosts: Collection[str]
    issuer: str
    resource_catalogue: ResourceCatalogue

    @property
    def is_advertised(self) -> bool:
        """Whether the metadata of the server says that documents are supported.

        With `agents`, that is so once there is a resource for agents.
        """
        return self.mode == "all" or (self.mode == "agents" and self.resource_catalogue.has_agents)

    def check_url(self, url: str) -> str:
        """Return the host of a URL that may be that of a document; raises `DocumentError`."""
        if (problem := problem_with(url, issuer=self.issuer)) is not None:
            raise DocumentError(Detail.DOCUMENT_URL_INVALID, reason=problem)
        host = host_in(url)
        if self.hosts and host not in self.hosts:
            raise UnwantedDocumentError(
                Detail.DOCUMENT_HOST_NOT_ALLOWED,
                reason=f"documents of this host are not accepted: {host} is not in"
                " CLIENT_DOCUMENT_HOSTS",
            )
        return host

    async def check_parameters(self, parameters: Mapping[str, str]) -> None:
        """Refuse a request that may not use a document, before one is fetched for it."""
        if self.mode == "off":
            raise UnwantedDocumentError(
                Detail.DOCUMENTS_OFF, reason="documents are turned off: see CLIENT_DOCUMENTS"
            )
        if self.mode == "all" or any(name in parameters for name in NOT_READ_YET):
            return
        names = parameters.get("resource", "").split(" ")
        found = [await self.resource_catalogue.find(name) for name in names if name]
        self._require_agents([resource for resource in found if resource is not None], len(found))

    def check_resources(self, client: Client, resources: Sequence[Resource]) -> None:
        """Do the same for the resources of a request that has been parsed."""
        if client.has_document and self.mode != "all":
            self._require_agents(resources, len(resources))

    def _require_agents(self, resources: Sequence[Resource], named: int) -> None:
        are_all = bool(resources) and len(resources) == named
        if not are_all or not all(resource.is_for_agents for resource in resources):
            raise UnwantedDocumentError(
                Detail.DOCUMENT_NEEDS_AGENT_RESOURCE,
                reason="the request names no resource, or one that is not for agents: run `postern"
                " resources set NAME --agents`, or set CLIENT_DOCUMENTS=all",
            )
