"""The look-up of clients at `/par`, which fetches documents like `/authorize`."""

from datetime import datetime

from app.models.clients.clients import Client
from app.oauth.client_documents.documents import ClientDocuments
from app.repositories.clients.clients import ClientRepository
from app.security.document_urls import is_of_document


class FetchingLookup:
    def __init__(
        self, client_repository: ClientRepository, client_documents: ClientDocuments
    ) -> None:
        self._client_repository = client_repository
        self._client_documents = client_documents

    async def find(self, client_id: str, *, now: datetime) -> Client | None:
        """Return a client; raises `DocumentError` or `DocumentBusyError`.

        The stored form of a long URL names no client here: its document would not be fetched.
        """
        if is_of_document(client_id):
            return await self._client_documents.resolve(client_id)
        return await self._client_repository.find(client_id, now=now)

    async def mark_used(self, client_id: str) -> None:
        await self._client_repository.mark_used(client_id)
